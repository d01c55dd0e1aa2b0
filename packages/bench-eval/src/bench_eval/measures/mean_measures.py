"""The plain measure: the mean score, over all rows and within each of their kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench_eval.measures.group_columns import group_columns, group_metrics
from bench_eval.measures.known_rows import known_rows
from bench_eval.measures.measured import Measure, Measured


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
        metrics = group_metrics(name, [f"{field}={value}" for field, value in kinds])
        return known.measured(group_columns(known.scores, members_of(known.rows, kinds)), metrics)

    return measure


def kinds_of(rows: Sequence[Mapping[str, Any]], by: Sequence[str]) -> list[tuple[str, str]]:
    """List each field with each of its values, sorted, so that two models get the same columns."""
    return [(field, value) for field in by for value in sorted({str(row.get(field)) for row in rows})]


def members_of(rows: Sequence[Mapping[str, Any]], kinds: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """Table (N, G) with a 1 where a row has the value of a field, as `kinds_of` lists them.

    >>> members_of([{"kind": "a"}, {}], [("kind", "a"), ("kind", "None")]).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return np.array([[float(str(row.get(field)) == value) for field, value in kinds] for row in rows])
