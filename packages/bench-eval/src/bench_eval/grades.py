"""A grade for one answer: a score from 0 to 1 with its reason, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from bench_eval.errors import BenchEvalError

if TYPE_CHECKING:
    from shard_runner import Row


@dataclass(frozen=True)
class Grade:
    """What a grader says about one answer."""

    score: float
    """0 to 1."""
    reason: str = ""
    """Which rule decided."""
    answer: str = ""
    """The answer that was taken from the text."""


Grader: TypeAlias = Callable[[str, Mapping[str, Any]], Grade | float | bool]
"""Answer text and row -> grade; a bare number or truth value is taken as the score."""


@dataclass(frozen=True)
class CheckedGrade:
    """A grade after checking: `score` is None when the grader gave no usable number, and `reason` says why."""

    score: float | None
    reason: str
    answer: str

    @property
    def verdict(self) -> bool | None:
        """True for full marks, False for less, None for no score."""
        return None if self.score is None else self.score == 1.0


def check_grade(grade: Grade | float | bool) -> CheckedGrade:
    """Turn what a grader returned into a checked grade: NaN and numbers outside 0 to 1 become "no score".

    >>> check_grade(True).score, check_grade(float("nan")).reason, check_grade(7.0).reason
    (1.0, 'nan_score', 'score_out_of_range')
    """
    given = grade if isinstance(grade, Grade) else Grade(float(grade))
    if math.isnan(given.score):
        return CheckedGrade(None, "nan_score", given.answer)
    if not 0 <= given.score <= 1:
        return CheckedGrade(None, "score_out_of_range", given.answer)
    return CheckedGrade(float(given.score), given.reason, given.answer)


def grade_row(row: Mapping[str, Any], grader: Grader) -> Row:
    """Grade the `trials` of one row and return a new row; a grade that is no number from 0 to 1 leaves `score` None.

    >>> grade_row({"id": "a", "trials": [{"text": "7"}]}, lambda text, row: text == "7")["trials"][0]["score"]
    1.0
    """
    return {**row, "trials": [_graded_trial(trial, row, grader) for trial in row["trials"]]}


def _graded_trial(trial: Mapping[str, Any], row: Mapping[str, Any], grader: Grader) -> Row:
    grade = check_grade(grader(trial["text"], row))
    return {**trial, "answer": grade.answer, "score": grade.score, "reason": grade.reason, "verdict": grade.verdict}


def grader_by_task(graders: Mapping[str, Grader]) -> Grader:
    """Make one grader of several: each row goes to the one named by its `task`.

    Raises:
        BenchEvalError: (when grading) a row's task has no grader.

    >>> grader_by_task({"digits": lambda text, row: text.isdigit()})("7", {"task": "digits"})
    True
    """

    def grade(text: str, row: Mapping[str, Any]) -> Grade | float | bool:
        task = str(row.get("task"))
        if task not in graders:
            raise BenchEvalError(f"no grader for task {task!r}; there are graders for {sorted(graders)}.")
        return graders[task](text, row)

    return grade
