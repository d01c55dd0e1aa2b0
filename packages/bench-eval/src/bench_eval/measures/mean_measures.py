"""The plain measure: the mean score, over all rows and within each of their kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench_eval.errors import RowError
from bench_eval.measures.measured import Measure, Measured, Metric, ratio
from bench_eval.pairs import score_rows


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
        scored = score_rows(rows)
        known = [(row, score) for row in rows if (score := scored.scores[str(row["id"])]) is not None]
        if not known:
            raise RowError(f"none of {len(rows)} rows has a score.")
        kinds = kinds_of(rows, by)
        columns = [[score, 1.0] for _, score in known]
        for field, value in kinds:
            for line, (row, score) in zip(columns, known, strict=True):
                inside = float(str(row.get(field)) == value)
                line += [score * inside, inside]
        ids = [str(row["id"]) for row, _ in known]
        metrics = [Metric(name=name, formula=ratio(0, 1))]
        metrics += [
            Metric(name=f"{field}={value}", formula=ratio(2 * k, 2 * k + 1))
            for k, (field, value) in enumerate(kinds, start=1)
        ]
        return Measured(
            ids=ids,
            clusters=[scored.clusters[row_id] for row_id in ids],
            columns=np.array(columns),
            metrics=tuple(metrics),
            left_out=len(rows) - len(known),
        )

    return measure


def kinds_of(rows: Sequence[Mapping[str, Any]], by: Sequence[str]) -> list[tuple[str, str]]:
    """List each field with each of its values, sorted, so that two models get the same columns."""
    return [(field, value) for field in by for value in sorted({str(row.get(field)) for row in rows})]
