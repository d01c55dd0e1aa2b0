"""Reading saved replies of a judge again, under another profile, without asking."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from shard_runner import Row

from bench_eval.errors import RowError
from bench_eval.grades import CheckedGrade, Grade, Grader, check_grade
from bench_eval.judges.judge_rule import ReadReply
from bench_eval.judges.judging import UNREADABLE


def reply_grader(parse: ReadReply) -> Grader:
    """Make a profile's grader of a way to read replies: NaN, which is no score, where a reply can't be read.

    >>> from bench_eval.judges.mm_vet_replies import read_correctness
    >>> reply_grader(read_correctness)("0.8", {}).score, reply_grader(read_correctness)("good", {}).reason
    (0.8, 'judge_unreadable')
    """

    def grade(reply: str, row: Mapping[str, Any]) -> Grade:
        read = parse(reply, row)
        return Grade(math.nan, UNREADABLE) if read is None else read

    return grade


def reread_row(row: Mapping[str, Any], grader: Grader) -> Row:
    """Grade a judged row from its saved replies and return a new row; the answers' texts are not looked at.

    Raises:
        RowError: a trial has no reply of a judge.
    """
    return {**row, "trials": [_reread_trial(trial, row, grader) for trial in row["trials"]]}


def _reread_trial(trial: Mapping[str, Any], row: Mapping[str, Any], grader: Grader) -> Row:
    reply = trial.get("judge_reply")
    if not isinstance(reply, str):
        raise RowError(f"row {row.get('id')!r} has a trial without judge_reply; judge it first.")
    grade = check_grade(grader(reply, row))
    grade = grade if grade.score is not None else CheckedGrade(None, UNREADABLE, grade.answer)
    return {**trial, "answer": grade.answer, "score": grade.score, "reason": grade.reason, "verdict": grade.verdict}
