"""CV-Bench's own mean, in which sources weigh the same whatever their number of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench_eval.errors import RowError
from bench_eval.measures.mean_measures import mean_measure
from bench_eval.measures.measured import Measured, Metric, ratio

SOURCES = ("ADE20K", "COCO", "Omni3D")
"""The first two are the 2D half, the last is the 3D half."""
TASKS = ("Count", "Relation", "Depth", "Distance")
"""What is asked."""


def measure_cv_bench(rows: Sequence[Mapping[str, Any]]) -> Measured:
    """Accuracy as (2D + 3D) / 2 with 2D = (ADE20K + COCO) / 2 and 3D = Omni3D; then both halves, sources and kinds.

    Rows name `source` and `kind`, the benchmark's `task`; those without a score are left out. A figure whose rows are
    missing is NaN.

    Raises:
        RowError: a row has another source or kind, or none has a score.

    Source: Tong et al. 2024, *Cambrian-1*, arXiv 2406.16860, and the card of the data set.

    >>> rows = [("ADE20K", "Count", 1.0), ("COCO", "Relation", 0.0), ("COCO", "Count", 1.0), ("Omni3D", "Depth", 0.0)]
    >>> rows = [{"id": str(k), "source": s, "kind": t, "trials": [{"score": x}]} for k, (s, t, x) in enumerate(rows)]
    >>> measure_cv_bench(rows).values()[:3]
    [0.375, 0.75, 0.0]
    """
    for row in rows:
        if row.get("source") not in SOURCES or row.get("kind") not in TASKS:
            raise RowError(
                f"row {row.get('id')!r}: source must be one of {', '.join(SOURCES)}, kind one of {', '.join(TASKS)}; "
                f"got {row.get('source')!r} and {row.get('kind')!r}."
            )
    plain = mean_measure()(rows)
    by_id = {str(row["id"]): row for row in rows}
    groups = [("source", source) for source in SOURCES] + [("kind", kind) for kind in TASKS]
    inside = np.array([[float(by_id[i][field] == value) for field, value in groups] for i in plain.ids])
    scores = plain.columns[:, :1]
    n_groups = len(groups)
    named = [
        Metric(name=f"{'source' if field == 'source' else 'task'}={value}", formula=ratio(1 + k, 1 + n_groups + k))
        for k, (field, value) in enumerate(groups)
    ]
    ade20k, coco, omni3d = (metric.formula for metric in named[:3])

    def two_d(means: NDArray[np.float64]) -> NDArray[np.float64]:
        return (ade20k(means) + coco(means)) / 2

    def overall(means: NDArray[np.float64]) -> NDArray[np.float64]:
        return (two_d(means) + omni3d(means)) / 2

    halves = (
        Metric(name="accuracy", formula=overall),
        Metric(name="2D", formula=two_d, about=(1 + n_groups, 2 + n_groups)),
        Metric(name="3D", formula=omni3d),
    )
    return replace(plain, columns=np.hstack([scores, scores * inside, inside]), metrics=(*halves, *named))
