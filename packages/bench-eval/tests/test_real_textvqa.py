"""TextVQA's real validation set: figures that tell the normal forms apart, prompts, and the time that grading takes."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench_eval.grades import grade_row
from bench_eval.rules import vqa_text
from bench_eval.tasks import DataFolder, Task
from bench_eval.tasks.text_vqa import TEXTVQA, TEXTVQA_OCR


def _rows(task: Task) -> list[dict[str, Any]]:
    data = os.environ.get("SELFSIGHT_DATA")
    if not data:
        pytest.skip("set SELFSIGHT_DATA to the folder that holds benchmarks")
    return list(task.read(DataFolder(Path(data) / "benchmarks", Path(data) / "not-written")))


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return _rows(TEXTVQA)


def _percent(rows: list[dict[str, Any]], profile: str, change: Callable[[str], str]) -> float:
    """Score of the answer that most people gave, changed."""
    chosen = TEXTVQA.profile(profile)
    majority = [Counter(row["answer"]).most_common(1)[0][0] for row in rows]
    said = [{**row, "trials": [{"text": change(text)}]} for row, text in zip(rows, majority, strict=True)]
    return round(100 * chosen.measure([grade_row(row, chosen.grader) for row in said]).values()[0], 2)


def test_all_5000_questions_are_read(rows: list[dict[str, Any]]) -> None:
    assert len(rows) == len({row["id"] for row in rows}) == TEXTVQA.card.n == 5000
    assert len({row["cluster"] for row in rows}) == 3166
    assert {len(row["answer"]) for row in rows} == {10}


@pytest.mark.parametrize(
    ("profile", "with_period", "capitalised"),
    [
        ("official", 98.46, 98.46),
        ("llava", 98.46, 98.46),
        ("lmms-eval", 98.46, 98.46),
        ("vlmevalkit", 77.60, 98.45),
        ("vqa-script", 76.39, 82.87),
    ],
)
def test_the_majoritys_answer_scores_as_each_rule_takes_periods_and_capitals(
    rows: list[dict[str, Any]], profile: str, with_period: float, capitalised: float
) -> None:
    assert _percent(rows, profile, "{}.".format) == with_period
    assert _percent(rows, profile, str.capitalize) == capitalised


def test_m4c_and_vlmevalkit_disagree_on_561_of_50000_golds(rows: list[dict[str, Any]]) -> None:
    golds = [gold for row in rows for gold in row["answer"]]
    differ = [gold for gold in golds if vqa_text.normalise_m4c(gold) != vqa_text.normalise_vlmevalkit(gold)]
    assert (len(golds), len(differ)) == (50_000, 561)


def test_llavas_prompts_fit_the_questions_and_115_have_no_tokens(rows: list[dict[str, Any]]) -> None:
    prompts = [row["messages"][0]["content"][1]["text"].split("\n") for row in _rows(TEXTVQA_OCR)]
    plain = [row["messages"][0]["content"][1]["text"].split("\n") for row in rows]
    assert [[lines[0], lines[2]] for lines in prompts] == plain
    assert sum(lines[1] == "Reference OCR token: " for lines in prompts) == 115


def test_5000_answers_are_graded_within_a_second(rows: list[dict[str, Any]]) -> None:
    vqa_text.normalise_m4c.cache_clear()
    said = [{**row, "trials": [{"text": f"The {row['answer'][0]}."}]} for row in rows]
    grader = TEXTVQA.profile().grader
    start_s = time.process_time()
    for row in said:
        grade_row(row, grader)
    assert time.process_time() - start_s <= 1.0
