"""Graders as tables."""

import doctest
import importlib
import pkgutil

import bench_eval
import pytest
from bench_eval import (
    BenchEvalError,
    Grade,
    RowError,
    box_grader,
    boxes_grader,
    grade_choice,
    grade_exact,
    grade_number,
    grade_short_answer,
    grade_word,
    grade_yes_no,
    grader_by_task,
    normalise,
    text_to_box_xyxy,
    text_to_letter,
    text_to_number,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("module", [found.name for found in pkgutil.iter_modules(bench_eval.__path__)])
def test_examples_in_docstrings_hold(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"bench_eval.{module}")).failed == 0


@pytest.mark.parametrize(
    ("text", "answer", "score"),
    [
        ("a duck", "duck", 1.0),
        ("The Duck!", "duck", 1.0),
        ("“hot dog”", "Hot dog", 1.0),
        ("Ｄｕｃｋ", "duck", 1.0),  # full-width letters
        ("fire truck.", ["lorry", "fire truck"], 1.0),
        ("not a duck", "duck", 0.0),
        ("duck or goose", "duck", 0.0),
        ("", "duck", 0.0),
        ("the", "duck", 0.0),
        ("5", 5, 1.0),
    ],
)
def test_word_grader(text: str, answer: object, score: float) -> None:
    assert grade_word(text, {"id": "a", "answer": answer}).score == score


def test_exact_grader_takes_the_text_as_it_is() -> None:
    assert grade_exact("duck\n", {"answer": "duck"}).score == 1.0
    assert grade_exact("duck.", {"answer": "duck"}).score == 0.0


@pytest.mark.parametrize(
    ("text", "answer", "score", "reason"),
    [
        ("Yes", "yes", 1.0, "yes_no"),
        ("no, there is none", "no", 1.0, "yes_no"),
        ("Yes.", "no", 0.0, "yes_no"),
        ("Nothing", "no", 0.0, "no_yes_no"),
        ("There is no dog", "no", 0.0, "no_yes_no"),
        ("", "no", 0.0, "no_yes_no"),
    ],
)
def test_yes_no_grader(text: str, answer: str, score: float, reason: str) -> None:
    grade = grade_yes_no(text, {"answer": answer})
    assert (grade.score, grade.reason) == (score, reason)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("three", 3),
        ("There are three (3) ducks", 3),
        ("twenty-one", 21),
        ("twenty one", 21),
        ("1,200 ducks", 1200),
        ("-2.5", -2.5),
        ("2 or 3", None),
        ("one, two", None),
        ("someone", None),
        ("none", None),
        ("B2 bomber", None),
        ("zero", 0),
        ("", None),
    ],
)
def test_numbers_in_text(text: str, number: float | None) -> None:
    assert text_to_number(text) == number


def test_number_grader() -> None:
    assert grade_number("three ducks", {"answer": "3"}) == Grade(1.0, "number", "3")
    assert grade_number("four", {"answer": 3}).score == 0.0
    with pytest.raises(RowError, match=r"needs an answer with one number; got 'many'"):
        grade_number("3", {"id": "a", "answer": "many"})


OPTIONS = ["blue", "red", "dark red", "not visible"]


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        (" (b) ", "B"),
        ("b.", "B"),
        ("B. red", "B"),
        ("(B) red", "B"),
        ("B) red", "B"),
        ("The answer is B.", "B"),
        ("Answer: (C)", "C"),
        ("red", "B"),
        ("Red.", "B"),
        ("It is dark red", "C"),  # the longer option, not the one inside it
        ("A red car", "B"),  # an article is no letter
        ("the answer is A or the answer is B", None),
        ("red or blue", None),
        ("Z", None),
        ("green", None),
        ("", None),
        ("the answer is a mystery", None),
        ("reddish", None),
    ],
)
def test_letters_in_text(text: str, letter: str | None) -> None:
    assert text_to_letter(text, OPTIONS) == letter


def test_choice_grader_takes_letters_and_texts_as_answers() -> None:
    assert grade_choice("(B)", {"answer": "red", "options": OPTIONS}).score == 1.0
    assert grade_choice("red", {"answer": "B", "options": OPTIONS}).score == 1.0
    assert grade_choice("perhaps", {"answer": "B", "options": OPTIONS}) == Grade(0.0, "no_choice", "")
    with pytest.raises(RowError, match=r"needs one of its options as answer; got 'green'"):
        grade_choice("B", {"id": "a", "answer": "green", "options": OPTIONS})
    with pytest.raises(RowError, match=r"needs 2 to 26 options; got None"):
        grade_choice("B", {"id": "a", "answer": "B"})


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("[0.25, 0.31, 0.50, 0.60]", (0.25, 0.31, 0.5, 0.6)),
        ("at (10,20,30,40).", (10, 20, 30, 40)),
        ("<1, 2, 3, 4>", (1, 2, 3, 4)),
        ("[.1,.2,.3,.4]", (0.1, 0.2, 0.3, 0.4)),
        ("[5, 5, 1, 9] then [1, 1, 2, 2]", (1, 1, 2, 2)),  # the first one is inside out
        ("[1, 2, 3]", None),
        ("nowhere", None),
    ],
)
def test_boxes_in_text(text: str, box: tuple[float, ...] | None) -> None:
    assert text_to_box_xyxy(text) == box


def test_box_grader_accepts_from_its_bar_on() -> None:
    row = {"id": "a", "answer": "[0, 0, 2, 1]"}
    assert grade_box("[0, 0, 1, 1]", row) == (1.0, "iou 0.500")
    assert grade_box("[0, 0, 0.9, 1]", row) == (0.0, "iou 0.450")
    assert grade_box("on the left", row) == (0.0, "no_box")
    with pytest.raises(RowError, match="needs a box"):
        grade_box("[0, 0, 1, 1]", {"id": "a", "answer": "left"})
    with pytest.raises(BenchEvalError, match=r"min_iou must lie in \(0, 1\]; got 0"):
        box_grader(0)


def grade_box(text: str, row: dict[str, str]) -> tuple[float, str]:
    grade = box_grader(0.5)(text, row)
    return grade.score, grade.reason


coordinates = st.tuples(*[st.integers(0, 9)] * 4).map(lambda q: (q[0], q[1], q[0] + q[2] + 1, q[1] + q[3] + 1))


@given(coordinates, coordinates)
def test_iou_is_symmetric_bounded_and_one_for_itself(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    told_a, told_b = str(list(a)), str(list(b))
    forth, back = (grade_box(x, {"id": "r", "answer": y}) for x, y in ((told_a, told_b), (told_b, told_a)))
    assert forth == back
    assert 0 <= float(forth[1].removeprefix("iou ")) <= 1
    assert grade_box(told_a, {"id": "r", "answer": told_a}) == (1.0, "iou 1.000")


@given(st.text())
def test_no_text_breaks_a_grader(text: str) -> None:
    row = {"id": "a", "answer": "red", "options": OPTIONS}
    for grader in (grade_exact, grade_word, grade_yes_no, grade_choice):
        assert 0 <= grader(text, row).score <= 1
    assert grade_number(text, {"answer": 3}).score in (0, 1)
    assert box_grader()(text, {"answer": "[0, 0, 1, 1]"}).score in (0, 1)


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize("answer", [None, "", " ", [], ["duck", ""]])
def test_rows_without_an_answer_are_refused(answer: object) -> None:
    with pytest.raises(RowError, match="needs an answer that is not empty"):
        grade_word("duck", {"id": "a", "answer": answer})


def test_each_task_has_its_own_grader() -> None:
    grade = grader_by_task({"count": grade_number, "name": grade_word})
    assert grade("three", {"task": "count", "answer": 3}) == Grade(1.0, "number", "3")
    with pytest.raises(BenchEvalError, match=r"no grader for task 'colour'; there are graders for \['count', 'name'\]"):
        grade("red", {"task": "colour", "answer": "red"})


TWO = {"answer": "[0, 0, 1, 1], [2, 2, 3, 3]"}


@pytest.mark.parametrize(
    ("text", "score", "why"),
    [
        ("[2, 2, 3, 3], [0, 0, 1, 1].", 1.0, "in any order"),
        ("[0, 0, 1, 1]", 2 / 3, "one of two"),
        ("[0, 0, 1, 1], [0, 0, 1, 1]", 0.5, "a box said twice is wrong once"),
        ("[0, 0, 1, 1], [2, 2, 3, 3], [5, 5, 6, 6]", 0.8, "one too many"),
        ("[0, 0, 1, 0.4]", 0.0, "too little overlap"),
        ("nowhere", 0.0, "no box"),
        ("[1, 1, 0, 0]", 0.0, "no box with an area"),
    ],
)
def test_all_boxes_are_scored_by_f1(text: str, score: float, why: str) -> None:
    assert boxes_grader()(text, TWO).score == pytest.approx(score), why


def test_a_row_that_wants_every_box_is_told_by_its_flag_alone() -> None:
    row = {"answer": "[0, 0, 1, 1]"}
    said = "[0, 0, 1, 1], [5, 5, 6, 6]"
    assert grade_short_answer(said, row).score == 1.0
    assert grade_short_answer(said, {**row, "every_box": True}).score == pytest.approx(2 / 3)


def test_all_boxes_need_boxes_in_the_answer_and_a_bar_in_range() -> None:
    with pytest.raises(RowError, match="needs boxes such as"):
        boxes_grader()("[0, 0, 1, 1]", {"id": "r", "answer": "duck"})
    with pytest.raises(BenchEvalError, match="min_iou"):
        boxes_grader(1.5)
