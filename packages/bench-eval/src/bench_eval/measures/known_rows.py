"""The rows that have a score: what most measures begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench_eval.errors import RowError
from bench_eval.measures.measured import Measured, Metric
from bench_eval.pairs import score_rows


class KnownRows(NamedTuple):
    """Graded rows, each with a score for every trial."""

    rows: list[Mapping[str, Any]]
    ids: list[str]
    clusters: list[str]
    """The row's id where it names none."""
    scores: NDArray[np.float64]
    """(N,) means over the trials."""
    left_out: int
    """Rows without a score."""

    def measured(self, columns: NDArray[np.float64], metrics: Sequence[Metric]) -> Measured:
        """Figures over columns (N, K), one line per row."""
        return Measured(
            ids=self.ids, clusters=self.clusters, columns=columns, metrics=tuple(metrics), left_out=self.left_out
        )


def known_rows(rows: Sequence[Mapping[str, Any]]) -> KnownRows:
    """Leave out the rows without a score.

    Raises:
        RowError: no row has one, or an id occurs twice.

    >>> known_rows([{"id": "a", "trials": [{"score": 1.0}]}, {"id": "b", "trials": [{"score": None}]}]).left_out
    1
    """
    scored = score_rows(rows)
    known = [(row, score) for row in rows if (score := scored.scores[str(row["id"])]) is not None]
    if not known:
        raise RowError(f"none of {len(rows)} rows has a score.")
    ids = [str(row["id"]) for row, _ in known]
    return KnownRows(
        rows=[row for row, _ in known],
        ids=ids,
        clusters=[scored.clusters[one] for one in ids],
        scores=np.array([score for _, score in known], dtype=np.float64),
        left_out=len(rows) - len(known),
    )
