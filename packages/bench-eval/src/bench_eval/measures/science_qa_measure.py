"""ScienceQA: accuracy over all questions and over those with a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench_eval.measures.mean_measures import mean_measure
from bench_eval.measures.measured import Measure, Measured

_KINDS = ("context", "subject")


def science_qa_measure(*, missing_is_wrong: bool = False) -> Measure:
    """Make the measure: accuracy over all, `context=image` and `context=text`, and by subject where rows name one.

    Args:
        missing_is_wrong: rows without a score count as wrong, as in LLaVA's script, instead of being left out.

    >>> rows = [{"id": k, "context": k, "trials": [{"score": s}]} for k, s in (("image", 1.0), ("text", None))]
    >>> [measure(rows).values() for measure in (science_qa_measure(), science_qa_measure(missing_is_wrong=True))]
    [[1.0, 1.0, nan], [0.5, 1.0, 0.0]]
    """

    def measure(rows: Sequence[Mapping[str, Any]]) -> Measured:
        counted = [_wrong_without_score(row) for row in rows] if missing_is_wrong else rows
        by = [name for name in _KINDS if any(row.get(name) for row in rows)]
        return mean_measure(by=by)(counted)

    return measure


def _wrong_without_score(row: Mapping[str, Any]) -> Mapping[str, Any]:
    trials = [{**trial, "score": trial.get("score") or 0.0} for trial in row["trials"]] or [{"score": 0.0}]
    return {**row, "trials": trials}
