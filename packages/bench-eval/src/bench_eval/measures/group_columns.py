"""Columns and formulas of a mean over all units and over groups of them, which may overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench_eval.measures.measured import Metric, ratio


def group_columns(values_N: NDArray[np.float64], inside_N_G: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns (N, 2 + 2G) to average values with: all and their count, then each group and its count.

    >>> group_columns(np.array([0.5, 1.0]), np.array([[1.0], [0.0]])).tolist()
    [[0.5, 1.0, 0.5, 1.0], [1.0, 1.0, 0.0, 0.0]]
    """
    inside = np.hstack([np.ones((len(values_N), 1)), inside_N_G])
    return np.stack([inside * values_N[:, None], inside], axis=2).reshape(len(values_N), -1)


def group_metrics(name: str, groups: Sequence[str], *, top: float = 1.0, first: int = 0) -> list[Metric]:
    """Metrics over `group_columns` that begin at column `first`: the whole, then each group."""
    return [
        Metric(name=one, formula=ratio(first + 2 * k, first + 2 * k + 1), top=top)
        for k, one in enumerate([name, *groups])
    ]
