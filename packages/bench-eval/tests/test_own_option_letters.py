"""Our own letters from free text, as tables."""

from __future__ import annotations

import pytest
from bench_eval.choices import grade_choice, text_to_letter
from bench_eval.final_texts import final_text
from hypothesis import given
from hypothesis import strategies as st

OPTIONS = ["blue", "red", "dark red", "not visible"]

COMMITTED = [
    ("B", "B"),
    ("b.", "B"),
    ("Ｂ", "B"),  # full width
    ("**B**", "B"),
    ("**B.** red", "B"),
    ("[B]", "B"),
    ("(B)red", "B"),
    ("B: red", "B"),
    ("B) red", "B"),
    ("B\nThe car is red", "B"),
    ("Let me see.\nB", "B"),
    ("The answer is: B", "B"),
    ("ANSWER: C", "C"),
    ("Answer:\nB", "B"),
    ("Answer: **B**", "B"),
    ("The answer is **(B)**.", "B"),
    ("the answer is b", "B"),
    ("the answer is (b).", "B"),
    ("The answer is A because it is sunny", "A"),
    ("The answer is A, I think.", "A"),
    ("So \\boxed{B}", "B"),
    ("$\\boxed{\\text{C}}$", "C"),
    ("The correct option is B", "B"),
    ("the answer would be B", "B"),
    ("I'd go with option B.", "B"),
    ("I choose B", "B"),
    ("B is the correct answer", "B"),
    ("Option A is incorrect, B is correct", "B"),
    ("It's (B).", "B"),
    ("It can't be seen, so B.", "B"),
    ("A. blue\nB. red\nC. dark red\nD. not visible\nThe answer is C", "C"),  # the list, then the answer
    ("<think>A? No.</think>C", "C"),
    ("<answer>B</answer>", "B"),
    ("It is not red but blue", "A"),
    ("It is not visible", "D"),
    ("dark red", "C"),
    ("The answer: A red car", "B"),  # an article, not a letter
]
UNCOMMITTED = [
    "",
    ".",
    "I",
    "E",
    "The answer is E",
    "A or B",
    "(A) or (B)",
    "A, B and C",
    "The answer is A or B",
    "The answer is not B",
    "A\nB\nC\nD",
    "A. blue\nB. red\nC. dark red\nD. not visible",
    "(A) blue (B) red (C) dark red (D) not visible",
    "not red",
    "U.S. cars",
    "I cannot tell.",
    "Sorry, I can't help with that.",
    "<think>It is A, or",
]


@pytest.mark.parametrize(("text", "letter"), COMMITTED)
def test_a_text_that_commits_to_a_letter_gives_it(text: str, letter: str) -> None:
    assert text_to_letter(text, OPTIONS) == letter


@pytest.mark.parametrize("text", UNCOMMITTED)
def test_a_text_that_commits_to_nothing_is_wrong_and_unparsed(text: str) -> None:
    grade = grade_choice(text, {"options": OPTIONS, "answer": "A"})
    assert (grade.score, grade.answer) == (0.0, "")


@pytest.mark.parametrize(
    ("text", "letter"),
    [("There are two.", "B"), ("2", "B"), ("2.5", None), ("1 or 2", None), ("B. 2", "B"), ("(A) 3", "A"), ("7", None)],
)
def test_options_that_are_numbers_are_compared_as_numbers(text: str, letter: str | None) -> None:
    assert text_to_letter(text, ["3", "2", "1", "0"]) == letter


@pytest.mark.parametrize(
    ("text", "letter"), [("Yes, there is no sign", "A"), ("There is no dog", "B"), ("nothing", None), ("(b) No", "B")]
)
def test_of_yes_and_no_the_first_word_decides(text: str, letter: str | None) -> None:
    assert text_to_letter(text, ["Yes", "No"]) == letter


def test_options_that_differ_in_capitals_or_marks_alone_are_told_apart() -> None:
    assert text_to_letter("dear Pablo,", ["Dear Pablo,", "dear Pablo,"]) == "B"
    assert text_to_letter("DEAR PABLO", ["Dear Pablo,", "dear Pablo,"]) is None


def test_options_that_are_letters_are_named_by_their_label_first() -> None:
    assert text_to_letter("D. A", ["B", "C", "D", "A"]) == "D"


def test_no_option_makes_no_letter() -> None:
    assert text_to_letter("The answer is A red car", []) is None
    assert text_to_letter("", ["", "red"]) is None


@given(st.text(), st.lists(st.text(), max_size=5))
def test_any_text_and_any_options_give_a_letter_of_theirs_or_none(text: str, options: list[str]) -> None:
    letter = text_to_letter(text, options)
    assert letter is None or letter in "ABCDE"[: len(options)]


def test_the_last_answer_tags_count_also_where_they_stay_open() -> None:
    assert final_text("<answer>A</answer> no, <answer> B") == "B"
