"""MMMU's parser for letters and open answers, and how its profiles differ."""

from __future__ import annotations

import pytest
from bench_eval import RowError
from bench_eval.rules.mmmu import (
    grade_mmmu_official,
    grade_mmmu_selfsight,
    grade_mmmu_vlmevalkit,
    parse_letter_mmmu,
)
from bench_eval.rules.mmmu_open_answers import grade_open_answer, key_phrases_mmmu, normalise_mmmu, parts_mmmu

OPTIONS = ["a red car", "a blue bus", "a green van", "a black bike"]


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("(A) (C) (B)", "B"),
        ("(A) then C", "A"),  # brackets before bare letters
        ("A B C", "C"),
        ("CIA and B here", "B"),
        ("the CIA did it", "A"),
        ("A. and C. here", "A"),  # nothing to compare the two by: the first letter wins
        ("B;", "B"),
        ("a red car or a green van", "C"),
        ("a green van", None),  # not more than five words
    ],
)
def test_mmmu_takes_the_last_letter_in_the_first_form_that_occurs(text: str, letter: str | None) -> None:
    assert parse_letter_mmmu(text, OPTIONS) == letter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000", [1000.0]),
        ("3.14159", [3.14]),
        ("1e3", [1000.0]),
        ("3 cm", ["3 cm"]),
        (" X ", [" x", "x "]),
        ("Blue Whale", ["blue whale"]),
        ("", [""]),
    ],
)
def test_mmmu_normalises_numbers_to_two_decimals_and_texts_to_lower_case(
    text: str, expected: list[str | float]
) -> None:
    assert normalise_mmmu(text) == expected


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("x = 3 = y", ["y"]),
        ("x = 3\nSo it is 4", ["4"]),  # in other lines than the last `=` is no indicator
        ("It is 5. Then it is 6.", ["6"]),  # sentences are not split
        ("It is 5\nThe result is 6", ["5", "6"]),
        ("the answer is :", ["the answer is :"]),  # a mark alone is no phrase
        ("Blue.", ["blue"]),
        ("", [""]),
    ],
)
def test_mmmu_finds_key_phrases_line_by_line(text: str, phrases: list[str]) -> None:
    assert key_phrases_mmmu(text) == phrases


def test_mmmu_collects_numbers_in_three_notations() -> None:
    assert {1234.0, 1000.0, 0.5} <= parts_mmmu("it could be 1,234 or 1e3 or .5 apples")


@pytest.mark.parametrize(
    ("text", "golds", "score"),
    [
        ("The total is 12.", ["12"], 1),
        ("12.004", ["12"], 1),
        ("12.01", ["12"], 0),
        ("$12", ["12"], 1),
        ("so the answer is a blue whale", ["Blue"], 1),  # substring
        ("bluebird", ["blue"], 1),
        ("the vitamin is C here", ["C"], 1),
        ("cat", ["c"], 0),
        ("0.75", ["3/4", "0.75"], 1),
        ("1,200 dollars", ["1200"], 1),
        ("I can't tell", ["12"], 0),
        ("", ["12"], 0),
        ("<think>it is 3</think>\nit is 12", ["12"], 1),
    ],
)
def test_mmmu_grades_open_answers_by_number_or_substring(text: str, golds: list[str], score: int) -> None:
    assert grade_open_answer(text, {"id": "q", "answer": golds}).score == score


def test_an_empty_open_answer_is_unparsed() -> None:
    assert grade_open_answer(" \n", {"id": "q", "answer": ["12"]}).answer == ""


def test_mmmu_profiles_differ_where_the_originals_do() -> None:
    choice = {"id": "q", "question_type": "multiple-choice", "options": OPTIONS, "answer": "B"}
    opened = {"id": "q", "question_type": "open", "options": [], "answer": ["12"]}
    graders = (grade_mmmu_official, grade_mmmu_vlmevalkit, grade_mmmu_selfsight)
    assert [grade("B: a blue bus", choice).score for grade in graders] == [0.0, 1.0, 1.0]
    assert [grade("12.0", opened).score for grade in graders] == [1.0, 1.0, 1.0]
    assert [grade("A", opened).score for grade in graders] == [0.0, 1.0, 0.0]
    long = "it is twelve (12) I think, since the two sixes make so"
    assert [grade(long, opened).score for grade in graders] == [1.0, 0.0, 1.0]


def test_mmmu_needs_to_know_the_kind_of_question() -> None:
    with pytest.raises(RowError, match=r"row 'q' needs a question_type of 'multiple-choice' or 'open'; got None"):
        grade_mmmu_official("B", {"id": "q", "options": OPTIONS, "answer": "B"})
