"""Rules for option letters, each against a table of answers whose verdicts were read off the published rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from bench_eval import Grade, RowError, grade_choice
from bench_eval.rules.letter_graders import grade_letter, true_letter
from bench_eval.rules.lmms_eval_letters import extract_letter_lmms_eval
from bench_eval.rules.mm_bench import match_letter_mm_bench
from bench_eval.rules.mm_star import grade_mm_star_lmms_eval, grade_mm_star_lmms_eval_0_2_3
from bench_eval.rules.mmmu import parse_letter_mmmu
from bench_eval.rules.seed_letters import grade_seed_llava, grade_seed_lmms_eval
from bench_eval.rules.vlmevalkit_letters import grade_vlmevalkit_letter, match_letter_vlmevalkit
from hypothesis import given
from hypothesis import strategies as st

OPTIONS = ["a red car", "a blue bus", "a green van", "a black bike"]
REFUSAL = "Sorry, I can't help with images of people yet."
LONG = "It is " + "very " * 20 + "likely a blue bus"
# answer -> letter of lmms-eval's extractor, VLMEvalKit's matcher, MMBench's matcher of lmms-eval, MMMU's parser
TABLE = [
    ("B", "B", "B", "B", "B"),
    ("b", None, None, None, None),
    ("B.", "B", "B", "B", "B"),
    ("B:", "B", "B", "B", "B"),
    ("(B)", "B", "B", "B", "B"),
    ("(b)", None, None, None, None),
    ("**B**", "B", "B", None, None),
    ("B. a blue bus", "B", "B", "B", "B"),
    ("B: a blue bus", "B", "B", "B", None),
    ("The answer is B", "B", "B", "B", "B"),
    ("the answer is b", None, "B", None, None),
    ("The answer is B because it carries many people", "B", "B", "B", "B"),
    ("B is right since one can see many seats", "B", None, "B", "B"),
    ("A blue bus is what one sees in here", "A", "B", "B", "A"),  # VLMEvalKit's A stands too early, the text decides
    ("a blue bus", None, "B", "B", None),
    ("I see a blue bus in it", None, "B", "B", "B"),
    ("A blue bus", "A", "A", "A", "A"),
    ("A or B", "A", None, None, "B"),
    ("(A) is wrong, (B) is right", "B", None, None, "B"),
    ("a red car or a blue bus", None, None, None, "B"),
    (LONG, None, None, "B", "B"),
    ("E", None, None, None, None),
    ("Z", None, None, None, None),
    ("Because", "B", None, None, None),  # lmms-eval takes a capital in any word, when nothing else is there
    ("Not sure, answer is on the Big bus", "B", None, None, None),  # any capital after the phrase
    (REFUSAL, None, None, None, None),
    ("", None, None, None, None),
    ("2", None, None, None, None),
    ("<think>A? No, C.</think>\nB", "B", None, "B", "B"),
]
EXTRACTORS = (extract_letter_lmms_eval, match_letter_vlmevalkit, match_letter_mm_bench, parse_letter_mmmu)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: repr(row[0][:30]))
def test_each_rule_takes_the_letter_that_its_original_takes(row: tuple[str, *tuple[str | None, ...]]) -> None:
    text, *expected = row
    assert [extract(text, OPTIONS) for extract in EXTRACTORS] == expected


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("A, but the end says B", "A"),  # start before end
        ("The answer is A, at the end B", "B"),  # end before phrase
        ("(A) it may be, the answer is B then", "B"),  # phrase before brackets
        ("the answer is B, see (A) now", "A"),  # of letters after a phrase the later one
        ("C. or (B) here", "C"),  # start
        ("say C. or (B) here", "B"),  # brackets before period
        ("say C: or B. here", "B"),  # period before colon
        ("say C) or B: here", "B"),  # colon before bracket
        ("say B then C) here", "C"),  # bracket before space
        ("say B then C here", "C"),  # of equal forms the later one
        ("the CIA did it", "A"),  # a letter that ends a word, before a space
        ("答案是B吗", "B"),
        ("정답은 C 입니다", "C"),
        ("'B'", "B"),
        ("'B'.", "B"),
    ],
)
def test_lmms_eval_ranks_places_by_their_form(text: str, letter: str) -> None:
    assert extract_letter_lmms_eval(text, OPTIONS) == letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("one two three four B", "B"),
        ("B one two three", "B"),  # fourth from the end
        ("B one two three four", None),  # fifth
        ("B one two three four B", None),  # the first place counts
        ("answer is **c** one two three four five", "C"),
        ("The correct answer is Dog or something that is not listed", "D"),  # begins a word
        ("Failed to obtain answer via API B", None),
        ("Failed to obtain answer via API, a red car", "A"),  # only the text of options is looked at
        ("I'm sorry, but without the image provided B", None),
        ("Z one", None),
        ("Z A", "A"),
        ("B!", "B"),
        ("{B}", "B"),
    ],
)
def test_vlmevalkit_needs_the_letter_near_the_end(text: str, letter: str | None) -> None:
    assert match_letter_vlmevalkit(text, OPTIONS) == letter


def test_vlmevalkit_takes_option_texts_only_up_to_twice_their_length() -> None:
    options = ["cat", "dog"]
    assert match_letter_vlmevalkit("it is a dog.", options) == "B"
    assert match_letter_vlmevalkit("it is a dog..", options) is None


@pytest.mark.parametrize(
    ("text", "llava", "lmms_eval"),
    [
        ("B", 1, 1),
        ("b", 0, 1),
        ("B.", 0, 1),
        (" B", 0, 1),
        ("B ", 0, 1),
        ("(B)", 0, 0),
        ("Both", 0, 1),
        ("The answer is B", 0, 0),
        ("B. a blue bus", 0, 1),
        ("a blue bus", 0, 0),
        ("", 0, 0),
        ("A", 0, 0),
    ],
)
def test_seed_bench_takes_the_whole_answer_or_its_first_character(text: str, llava: int, lmms_eval: int) -> None:
    row = {"id": "q", "options": OPTIONS, "answer": "B"}
    assert (grade_seed_llava(text, row).score, grade_seed_lmms_eval(text, row).score) == (llava, lmms_eval)


@pytest.mark.parametrize(
    ("text", "now", "then"),
    [
        ("B", 1, 1),
        ("b", 0, 1),
        ("(b)", 0, 1),
        ("(B) bus", 1, 1),
        ("Option B", 1, 1),
        ("option\nb", 0, 1),
        ("The answer is B.", 1, 1),
        ("the answer is b", 0, 1),
        ("The answer is (B)", 1, 0),
        ("Answer: B", 1, 0),
        ("blue", 0, 1),
        ("Blue", 1, 1),
        ("**B**", 1, 0),
        ("a bus", 0, 0),
        ("", 0, 0),
    ],
)
def test_mm_star_was_graded_by_four_places_and_is_now_by_the_shared_extractor(text: str, now: int, then: int) -> None:
    row = {"id": "q", "options": OPTIONS, "answer": "B"}
    assert (grade_mm_star_lmms_eval(text, row).score, grade_mm_star_lmms_eval_0_2_3(text, row).score) == (now, then)


def test_mm_star_looks_for_four_letters_where_a_question_has_two_options() -> None:
    row = {"id": "q", "options": ["yes", "no"], "answer": "A"}
    assert grade_mm_star_lmms_eval("A seat for a Dog.", row).score == 1.0
    assert grade_mm_star_lmms_eval("see A or D", row).score == 0.0
    assert extract_letter_lmms_eval("see A or D", ["yes", "no"]) == "A"


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("A is what I see here", "B"),  # an A among many words can be the article; what is left is the option's text
        ("(A) is what I see here", "A"),
        ("A. B.", None),
        ("A: B.", "B"),  # the form with a period is tried before that with a colon
        (":C", "C"),
        ("E", None),  # a letter without an option is no answer, and the text is not looked at
        ("Failed to obtain answer via API", None),
    ],
)
def test_the_mm_bench_matcher_of_lmms_eval_tries_its_forms_in_order(text: str, letter: str | None) -> None:
    assert match_letter_mm_bench(text, ["red", "what I see", "blue"]) == letter


@pytest.mark.parametrize("grade", [grade_vlmevalkit_letter, grade_mm_star_lmms_eval, grade_choice])
def test_an_answer_without_a_letter_is_wrong_and_unparsed(grade: Callable[[str, Mapping[str, Any]], Grade]) -> None:
    graded = grade("i don't know", {"id": "q", "options": ["cat", "dog"], "answer": "A"})
    assert (graded.score, graded.answer) == (0.0, "")


@given(st.text(max_size=60), st.lists(st.text(max_size=8), min_size=1, max_size=6))
def test_every_rule_gives_a_letter_of_the_options_or_none(text: str, options: list[str]) -> None:
    for extract in EXTRACTORS:
        assert extract(text, options) in {None, *"ABCDEF"[: len(options)]}


def test_true_letters_may_stand_in_brackets_and_must_belong_to_an_option() -> None:
    assert [true_letter({"answer": answer}, 3) for answer in ("A", "(b)", " c ")] == ["A", "B", "C"]
    with pytest.raises(RowError, match=r"row 'q' needs a letter from A to C as answer; got 'D'"):
        true_letter({"id": "q", "answer": "D"}, 3)
    with pytest.raises(RowError, match=r"row 'q' needs 1 to 26 options; got \[\]"):
        grade_letter("A", {"id": "q", "options": [], "answer": "A"}, extract_letter_lmms_eval)
