"""Published rules for options: what each says to the same texts."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from bench_eval.errors import RowError
from bench_eval.grades import Grade
from bench_eval.rules.cambrian_answers import grade_mmvp_cambrian, grade_real_world_qa_cambrian
from bench_eval.rules.llava_letters import grade_science_qa_llava
from bench_eval.rules.lmms_eval_short_letters import grade_cv_bench_lmms_eval, grade_science_qa_lmms_eval
from bench_eval.rules.mmvp_letters import grade_mmvp_lmms_eval
from bench_eval.rules.real_world_qa import (
    grade_own_real_world_qa,
    grade_real_world_qa_lmms_eval,
    grade_real_world_qa_vlmevalkit,
)
from bench_eval.rules.svco_letters import (
    grade_first_characters_svco,
    grade_real_world_qa_svco,
    grade_science_qa_svco,
)
from hypothesis import given
from hypothesis import strategies as st

Rule = Callable[[str, Mapping[str, Any]], Grade]
TWO = {"id": "r", "options": ["Open", "Closed"], "answer": "(b)"}


@pytest.mark.parametrize(
    # The letter that each rule takes, with B true; "" where it takes none.
    ("text", "svco", "lmms_eval", "cambrian"),
    [
        ("B", "B", "B", "B"),
        ("b", "B", "B", "B"),
        ("(B)", "B", "B", "B"),
        ("(b) Closed", "B", "B", ""),
        ("B Closed", "", "B", ""),  # S-VCO keeps `bcl`
        ("B.", "", "B", "B"),
        ("B. Closed", "", "B", ""),
        ("B: Closed", "", "B", ""),  # lmms-eval: by its first character
        ("B)", "B", "B", "B"),
        ("A", "A", "A", "A"),
        (" (A).", "", "A", "A"),
        ("Closed", "", "", "B"),
        ("closed.", "", "", "B"),
        ("Open", "", "", "A"),
        ("The answer is B", "", "B", "B"),
        ("The answer is (B).", "", "B", "B"),
        ("The answer is: B", "", "B", ""),  # lmms-eval: a B before the end; Cambrian keeps the colon
        ("Answer: B", "", "B", "B"),
        ("Option B", "", "B", ""),
        ("The answer is both", "", "B", ""),
        ("Both are closed", "", "B", ""),
        ("A dog", "", "A", ""),
        ("It is a door", "", "A", ""),  # the article
        ("The crab", "", "B", ""),  # the end of a word
        ("C", "C", "", ""),
        ("", "", "", ""),
        ("I cannot say.", "", "", ""),
        ("<think>A</think>B", "", "B", ""),
    ],
)
def test_rules_for_two_options(text: str, svco: str, lmms_eval: str, cambrian: str) -> None:
    rules = (grade_first_characters_svco, grade_mmvp_lmms_eval, grade_mmvp_cambrian)
    for rule, letter in zip(rules, (svco, lmms_eval, cambrian), strict=True):
        grade = rule(text, TWO)
        assert grade.answer == letter, rule.__name__
        assert grade.score == float(letter == "B"), rule.__name__


SIX = {"options": ["3", "2", "1", "0", "5", "7"], "answer": "(C)"}


@pytest.mark.parametrize(
    ("text", "svco", "lmms_eval"),
    [
        ("C", 1, 1),
        ("c", 1, 1),
        ("(C)", 1, 1),
        ("( C )", 1, 1),
        ("(C) 1", 1, 1),
        ("C.", 0, 1),
        ("C. 1", 0, 1),
        ("((c", 1, 1),
        ("Cats", 0, 1),  # any first letter
        ("The answer is C", 0, 0),
        ("1", 0, 0),
        ("C 1", 0, 1),
        ("", 0, 0),
    ],
)
def test_rules_for_cv_bench(text: str, svco: int, lmms_eval: int) -> None:
    assert grade_first_characters_svco(text, SIX).score == svco
    assert grade_cv_bench_lmms_eval(text, SIX).score == lmms_eval


SCIENCE = {"id": "r", "options": ["cat", "dog", "owl"], "answer": "B"}


@pytest.mark.parametrize(
    ("text", "llava", "svco", "lmms_eval"),
    [
        ("B", "B", "B", "B"),
        ("b", "", "B", "B"),
        ("B ", "", "B", "B"),
        ("(B)", "", "", ""),
        ("B.", "", "B", "B"),
        ("B. dog", "B", "B", "B"),
        ("b. dog", "", "B", ""),
        ("B) dog", "", "B", ""),
        ("E", "E", "E", "E"),  # beyond the options
        ("F", "", "F", "F"),
        ("The answer is B.", "B", "T", ""),
        ("The answer is B", "", "T", ""),  # one more character is needed
        ("The answer is B because", "B", "T", ""),
        ("The answer is A. The answer is B.", "", "T", ""),
        ("the answer is B.", "", "T", ""),
        ("Based on the picture, a dog", "", "B", ""),
        ("BECAUSE: it barks. The answer is A.", "A", "B", ""),
        ("1", "", "", ""),
        ("", "", "", ""),
        ("I can't say", "", "I", ""),
    ],
)
def test_rules_for_science_qa(text: str, llava: str, svco: str, lmms_eval: str) -> None:
    rules = (grade_science_qa_llava, grade_science_qa_svco, grade_science_qa_lmms_eval)
    for rule, letter in zip(rules, (llava, svco, lmms_eval), strict=True):
        grade = rule(text, SCIENCE)
        assert (grade.answer, grade.score) == (letter, float(letter == "B")), rule.__name__


ONLY_LETTER = (
    "Which?\nA. red\nB. blue\nPlease answer directly with only the letter of the correct option and nothing else."
)
ONE_WORD = "How many?\nPlease answer directly with a single word or number."
LETTERED = {"question": ONLY_LETTER, "options": ["red", "blue"], "answer": "B"}


def worded(answer: str) -> dict[str, str]:
    return {"question": ONE_WORD, "answer": answer}


@pytest.mark.parametrize(
    ("text", "row", "own", "svco", "lmms_eval", "cambrian", "kit"),
    [
        ("B", LETTERED, 1, 1, 1, 1, 1),
        ("b", LETTERED, 1, 1, 0, 1, 0),
        ("B.", LETTERED, 1, 1, 1, 1, 1),
        ("(B)", LETTERED, 1, 1, 1, 0, 1),
        ("B. blue", LETTERED, 1, 0, 1, 0, 1),
        ("(B) blue", LETTERED, 1, 1, 1, 0, 1),
        ("blue", LETTERED, 1, 0, 0, 0, 1),
        ("The answer is B.", LETTERED, 1, 0, 1, 1, 1),
        ("A", LETTERED, 0, 0, 0, 0, 0),
        ("", LETTERED, 0, 0, 0, 0, 0),
        ("2", worded("2"), 1, 1, 1, 1, 1),
        ("2.", worded("2"), 1, 1, 1, 1, 0),
        ("Two", worded("2"), 1, 0, 0, 0, 0),
        ("There are 2 cars", worded("2"), 1, 0, 0, 0, 0),
        ("3", worded("2"), 0, 0, 0, 0, 0),
        ("yes", worded("Yes"), 1, 1, 1, 1, 1),
        ("Yes, it can.", worded("Yes"), 1, 0, 0, 0, 0),
        ("Perhaps", worded("Yes"), 0, 0, 0, 0, 0),
        ("The answer is: Green.", worded("Green"), 1, 0, 0, 0, 0),
        ("Answer: Green", worded("Green"), 1, 0, 0, 1, 0),
        ("a green", worded("Green"), 1, 0, 0, 0, 0),
        ("<think>Red?</think>Green", worded("Green"), 1, 0, 0, 0, 0),
        ("", worded("Green"), 0, 0, 0, 0, 0),
    ],
)
def test_rules_for_real_world_qa(
    text: str, row: dict[str, Any], own: int, svco: int, lmms_eval: int, cambrian: int, kit: int
) -> None:
    rules: dict[Rule, int] = {
        grade_own_real_world_qa: own,
        grade_real_world_qa_svco: svco,
        grade_real_world_qa_lmms_eval: lmms_eval,
        grade_real_world_qa_cambrian: cambrian,
        grade_real_world_qa_vlmevalkit: kit,
    }
    scores = {rule.__name__: rule(text, row).score for rule in rules}
    assert scores == {rule.__name__: score for rule, score in rules.items()}


@pytest.mark.parametrize("text", ["", "Perhaps"])
def test_no_yes_and_no_no_is_unparsed(text: str) -> None:
    assert grade_own_real_world_qa(text, worded("Yes")).answer == ""


@given(st.text())
def test_no_text_breaks_a_rule(text: str) -> None:
    rules: dict[Rule, Mapping[str, Any]] = {
        grade_first_characters_svco: TWO,
        grade_mmvp_lmms_eval: TWO,
        grade_mmvp_cambrian: TWO,
        grade_cv_bench_lmms_eval: SIX,
        grade_science_qa_llava: SCIENCE,
        grade_science_qa_svco: SCIENCE,
        grade_science_qa_lmms_eval: SCIENCE,
        grade_own_real_world_qa: worded("Green"),
        grade_real_world_qa_svco: LETTERED,
        grade_real_world_qa_lmms_eval: LETTERED,
        grade_real_world_qa_cambrian: LETTERED,
        grade_real_world_qa_vlmevalkit: LETTERED,
    }
    for rule, row in rules.items():
        assert rule(text, row).score in (0.0, 1.0)


def test_a_row_without_a_letter_for_its_truth_is_refused() -> None:
    with pytest.raises(RowError, match="needs a letter from A to C as answer; got 'dog'"):
        grade_science_qa_llava("B", {**SCIENCE, "answer": "dog"})


@pytest.mark.parametrize(
    "module",
    [
        *(f"rules.{name}" for name in ("llava_letters", "lmms_eval_short_letters", "mmvp_letters", "real_world_qa")),
        *(f"measures.{name}" for name in ("pair_measures", "cv_bench_measure", "science_qa_measure")),
        *("rules.cambrian_answers", "rules.svco_letters", "tasks.real_world_qa", "tasks.science_qa"),
    ],
)
def test_examples_in_docstrings_hold(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"bench_eval.{module}"))
    assert (result.failed, result.attempted > 0) == (0, True)
