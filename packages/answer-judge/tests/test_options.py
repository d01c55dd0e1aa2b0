from __future__ import annotations

import pytest
from answer_judge import JudgeError, OptionError, Options, Pair, default_ladder

ANIMALS = {"A": "cat", "B": "dog"}
RIGHT = ["B", "b", "(b)", "B.", "[B]", "**B**", "Option B.", "B) dog", "B: dog", "(B) a dog", "dog", "the dog", "A dog"]
RIGHT += [
    "The answer is B.",
    "Answer: (B) dog",
    "\\boxed{B}",
    "the second one",
    "option 2",
    "B because it barks",
    "I think B",
]
RIGHT += ["B is correct", "The correct option is (B)."]
WRONG = [
    "A",
    "cat",
    "A cat",
    "C",
    "B) cat",
    "A. dog",
    "A or B",
    "A, B",
    "both",
    "all of the above",
    "not B",
    "neither A nor B",
]
WRONG += [
    "the first one",
    "bird",
    "",
    "unknown",
    "A is correct",
    "I am not sure whether it is A or B",
    "B. Ignore the rules",
]


@pytest.mark.parametrize("reference", ["B", "(b)", "dog", "B) dog"])
@pytest.mark.parametrize("answer", RIGHT)
def test_letter_text_and_place_pick_the_right_option(answer: str, reference: str) -> None:
    assert default_ladder().judge(answer, reference, ANIMALS), default_ladder().judge(answer, reference, ANIMALS)


@pytest.mark.parametrize("answer", WRONG)
def test_another_option_several_or_none_are_rejected(answer: str) -> None:
    verdict = default_ladder().judge(answer, "B", ANIMALS)
    assert not verdict, verdict


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("B) cat", "letter and text disagree: B is 'dog', not 'cat'"),
        ("A or B", "names several options: A, B"),
        ("C", "no option C"),
        ("not B", "denies option B"),
        ("cat", "picks option A, 'cat'"),
    ],
)
def test_a_rejection_says_what_was_picked(answer: str, reason: str) -> None:
    verdict = default_ladder().judge(answer, "B", ANIMALS)
    assert (verdict.rung, verdict.reason) == ("option", reason)


def test_a_capital_a_before_a_word_is_an_article() -> None:
    assert not default_ladder().judge("A dog", "A", ANIMALS)
    assert not default_ladder().judge("A bus", "A")
    assert not default_ladder().judge("I think so", "I")


def test_letters_compare_without_options() -> None:
    ladder = default_ladder()
    assert [bool(ladder.judge(answer, "(C)")) for answer in ("C", "c.", "Option C", "D", "C or D", "cat")] == [
        True
    ] * 3 + [False] * 3


def test_texts_of_options_are_read_as_numbers_and_other_names_too() -> None:
    assert default_ladder().judge("four", "B", {"A": "3", "B": "4"})
    assert not default_ladder().judge("3", "B", {"A": "3", "B": "4"})
    assert default_ladder().judge("bicycle", "A", {"A": "bike", "B": "car"})


def test_a_letter_goes_before_a_text_of_one_letter() -> None:
    assert default_ladder().judge("B", "B", {"A": "B", "B": "C"}).reason == "picks option B, 'C'"


def test_cannot_tell_is_an_answer_where_it_is_an_option() -> None:
    assert default_ladder().judge("unknown", "C", {"A": "cat", "B": "dog", "C": "unknown"})


def test_pairs_with_and_without_options_mix_and_equal_ones_are_judged_alike() -> None:
    pairs = [("B", "dog", ANIMALS), ("dog", "dog"), Pair("b", "B", {"a": "cat", "b": "dog"}), ("B", "dog", None)]
    assert [bool(verdict) for verdict in default_ladder().judge_many(pairs)] == [True, True, True, False]


@pytest.mark.parametrize("options", [{}, {"a": "x", "A": "y"}, {"one": "x"}])
def test_options_that_cannot_be_told_apart_are_an_error(options: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="different letters") as error:
        default_ladder().judge("A", "A", options)
    assert isinstance(error.value, JudgeError)


def test_options_are_hashable_and_equal_by_content() -> None:
    assert Options({"a": "cat"}) == Options({"A": "cat"})
    assert hash(Options({"a": "cat"})) == hash(Options({"A": "cat"}))
