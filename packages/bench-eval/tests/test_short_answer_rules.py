"""Rules of GQA, DocVQA and ChartQA on constructed answers."""

from __future__ import annotations

from typing import Any

import pytest
from bench_eval import RowError
from bench_eval.rules.anls import edit_distance, grade_anls, grade_anls_vlmevalkit
from bench_eval.rules.exact_text import (
    grade_gqa,
    grade_gqa_llava,
    grade_gqa_lmms_eval,
    grade_gqa_official,
    grade_gqa_vlmevalkit,
)
from bench_eval.rules.relaxed_accuracy import grade_relaxed, grade_relaxed_vlmevalkit
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "gold", "scores"),
    [  # ours, official, LLaVA, lmms-eval, VLMEvalKit
        ("yes", "yes", [1, 1, 1, 1, 1]),
        ("Yes", "yes", [1, 0, 1, 1, 1]),
        ("yes.", "yes", [1, 0, 1, 1, 0]),
        ("Yes..", "yes", [1, 0, 1, 1, 0]),
        ("yes!", "yes", [0, 0, 0, 1, 0]),
        (" yes\n", "yes", [1, 0, 0, 0, 1]),
        ("yes. ", "yes", [1, 0, 0, 0, 0]),
        ("t shirt", "t-shirt", [0, 0, 0, 0, 0]),
        ("tshirt", "t-shirt", [0, 0, 0, 1, 0]),
        ("The yes", "yes", [0, 0, 0, 0, 0]),
        ("yes, it is", "yes", [0, 0, 0, 0, 0]),
        ("<think>no</think>yes", "yes", [0, 0, 0, 0, 0]),
        ("", "yes", [0, 0, 0, 0, 0]),
    ],
)
def test_gqa_is_as_strict_as_each_original(text: str, gold: str, scores: list[int]) -> None:
    graders = [grade_gqa, grade_gqa_official, grade_gqa_llava, grade_gqa_lmms_eval, grade_gqa_vlmevalkit]
    assert [grader(text, {"answer": gold}).score for grader in graders] == scores


def test_gqa_has_one_gold_and_a_text_of_nothing_is_no_answer() -> None:
    assert grade_gqa(" .", {"answer": "yes"}).answer == ""
    with pytest.raises(RowError, match="row 'q' needs one answer; got 2"):
        grade_gqa_official("yes", {"id": "q", "answer": ["yes", "no"]})


def _slow_distance(one: str, other: str) -> int:
    if not one or not other:
        return len(one) + len(other)
    replaced = _slow_distance(one[1:], other[1:]) + (one[0] != other[0])
    return min(replaced, _slow_distance(one[1:], other) + 1, _slow_distance(one, other[1:]) + 1)


@given(st.text("ab", max_size=5), st.text("ab", max_size=5))
def test_the_edit_distance_is_the_least_of_all_ways(one: str, other: str) -> None:
    assert edit_distance(one, other) == _slow_distance(one, other) == edit_distance(other, one)


@pytest.mark.parametrize(
    ("text", "golds", "official", "vlmevalkit"),
    [
        ("ACME", ["acme"], 1.0, 1.0),
        ("acme", ["zzz", "acme!"], 0.8, 0.8),
        ("acme.", ["acme"], 0.8, 0.8),
        ("  acme!", ["acme"], 1 - 1 / 7, 0.8),  # one edit over 7 characters as they came, or over 5
        ("ab", ["ac"], 0.5, 0.5),
        ("abc", ["axx"], 0.0, 0.0),  # a third
        ("a  b", ["a b"], 1.0, 1.0),
        ("ß", ["s"], 0.5, 0.0),  # upper-cased, the sharp s is two letters long
        ("", ["acme"], 0.0, 0.0),
        ("I can't tell", ["acme"], 0.0, 0.0),
        ("x" * 100_000, ["acme"], 0.0, 0.0),
    ],
)
def test_anls_counts_edits_to_the_nearest_gold(text: str, golds: list[str], official: float, vlmevalkit: float) -> None:
    row: dict[str, Any] = {"answer": golds}
    assert grade_anls(text, row).score == pytest.approx(official)
    assert grade_anls_vlmevalkit(text, row).score == pytest.approx(vlmevalkit)


@given(st.text("ab ", max_size=12), st.lists(st.text("ab ", max_size=12), min_size=1, max_size=3))
def test_leaving_out_golds_that_are_out_of_reach_changes_no_score(text: str, golds: list[str]) -> None:
    said = " ".join(text.lower().split())
    shares = [
        edit_distance(said, " ".join(gold.lower().split())) / longest if (longest := max(len(gold), len(text))) else 0.0
        for gold in golds
    ]
    best = 1 - min(shares)
    assert grade_anls(text, {"answer": golds}).score == (best if best >= 0.5 else 0.0)


@pytest.mark.parametrize(
    ("text", "gold", "lmms_eval", "vlmevalkit"),
    [
        ("105", "100", 1, 1),
        ("105.1", "100", 0, 0),
        ("95", "100", 1, 1),
        ("-100", "100", 0, 0),
        ("-98", "-100", 1, 1),
        ("5%", "0.05", 1, 1),
        ("5%", "5", 0, 0),
        ("5 %", "5%", 1, 1),
        (" 100 ", "100", 1, 1),
        ("1,000", "1000", 0, 0),
        ("100.", "100", 1, 1),
        ("one", "1", 0, 0),
        ("0", "0", 1, 1),
        ("0.0", "0", 0, 0),
        ("0.001", "0", 0, 0),
        ("Yes", "yes", 1, 1),
        ("yes ", "Yes", 0, 1),
        ("yes.", "Yes", 0, 0),
        ("nan", "5", 0, 0),
        ("%", "5", 0, 0),
        ("The answer is 100", "100", 0, 0),
        ("<think>1</think>100", "100", 0, 0),
        ("", "100", 0, 0),
    ],
)
def test_relaxed_accuracy_lets_numbers_be_off_by_a_twentieth(
    text: str, gold: str, lmms_eval: int, vlmevalkit: int
) -> None:
    row = {"answer": gold}
    assert (grade_relaxed(text, row).score, grade_relaxed_vlmevalkit(text, row).score) == (lmms_eval, vlmevalkit)
    assert grade_relaxed(text, row).answer == text.strip()


def test_the_best_of_several_golds_counts() -> None:
    assert grade_relaxed("blue", {"answer": ["red", "Blue"]}).score == 1.0
