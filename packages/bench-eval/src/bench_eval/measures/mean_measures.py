"""The plain measure: the mean score, over all rows and within each of their kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench_eval.measures.known_rows import known_rows
from bench_eval.measures.measured import Measure, Measured, Metric, ratio


def mean_measure(name: str = "accuracy", *, by: Sequence[str] = ()) -> Measure:
    """Make the measure that averages the rows' scores; rows without a score are left out.

    Args:
        name: of the headline.
        by: fields of the rows; each value of each becomes a metric `field=value`.

    >>> rows = [{"id": k, "kind": k, "trials": [{"score": float(k == "a")}]} for k in "ab"]
    >>> measured = mean_measure(by=["kind"])(rows)
    >>> [metric.name for metric in measured.metrics], measured.values()
    (['accuracy', 'kind=a', 'kind=b'], [0.5, 1.0, 0.0])
    """

    def measure(rows: Sequence[Mapping[str, Any]]) -> Measured:
        known, kinds = known_rows(rows), kinds_of(rows, by)
        columns = [[score, 1.0] for score in known.scores]
        for field, value in kinds:
            for line, row, score in zip(columns, known.rows, known.scores, strict=True):
                inside = float(str(row.get(field)) == value)
                line += [score * inside, inside]
        metrics = [Metric(name=name, formula=ratio(0, 1))]
        metrics += [
            Metric(name=f"{field}={value}", formula=ratio(2 * k, 2 * k + 1))
            for k, (field, value) in enumerate(kinds, start=1)
        ]
        return known.measured(np.array(columns), metrics)

    return measure


def kinds_of(rows: Sequence[Mapping[str, Any]], by: Sequence[str]) -> list[tuple[str, str]]:
    """List each field with each of its values, sorted, so that two models get the same columns."""
    return [(field, value) for field in by for value in sorted({str(row.get(field)) for row in rows})]
