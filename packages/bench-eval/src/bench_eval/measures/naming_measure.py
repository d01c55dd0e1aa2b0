"""Accuracy of named classes, with the shares of answers that name several classes and none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench_eval.measures.known_rows import known_rows
from bench_eval.measures.mean_measures import kinds_of
from bench_eval.measures.measured import Measure, Measured, Metric, ratio
from bench_eval.rules.class_names import NONE, SEVERAL


def naming_measure(*, by_label: bool = False) -> Measure:
    """Make the measure of rows that `class_name_grader` graded; its reasons say how many classes were named.

    Args:
        by_label: whether the accuracy is also given for each class.

    >>> trials = [{"score": 1.0, "reason": "one_name"}, {"score": 0.0, "reason": "several_names"}]
    >>> naming_measure()([{"id": "a", "answer": "cat", "trials": trials}]).values()
    [0.5, 0.5, 0.0]
    """

    def measure(rows: Sequence[Mapping[str, Any]]) -> Measured:
        labels = [label for _, label in kinds_of(rows, ["answer"])] if by_label else []
        known = known_rows(rows)
        names = ["accuracy", "several named", "none named"]
        metrics = [Metric(name=name, formula=ratio(k, 3)) for k, name in enumerate(names)]
        metrics += [
            Metric(name=f"label={label}", formula=ratio(4 + 2 * k, 5 + 2 * k)) for k, label in enumerate(labels)
        ]
        lines = [_line(row, score, labels) for row, score in zip(known.rows, known.scores, strict=True)]
        return known.measured(np.array(lines), metrics)

    return measure


def _line(row: Mapping[str, Any], score: float, labels: Sequence[str]) -> list[float]:
    reasons = [trial.get("reason") for trial in row["trials"]]
    shares = [reasons.count(reason) / len(reasons) for reason in (SEVERAL, NONE)]
    by_label = [cell for label in labels for cell in ([score, 1.0] if label == str(row["answer"]) else [0.0, 0.0])]
    return [score, *shares, 1.0, *by_label]
