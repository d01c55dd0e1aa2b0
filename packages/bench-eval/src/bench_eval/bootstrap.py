"""Bootstrap over clusters, for any formula of means."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench_eval.errors import StatisticsError
from bench_eval.intervals import Interval, cluster_codes

Formula = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Means (D, K) -> statistics (D,)."""
_CELLS = 4_000_000
"""Array cells of one chunk of draws: bounds the memory."""


def cluster_bootstrap(
    columns: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    formula: Formula | None = None,
    draws: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Percentile interval of a formula of column means when whole clusters are drawn with replacement.

    Args:
        columns: (N,) or (N, K) numbers, one line per row.
        clusters: one per row; None makes every row its own cluster.
        formula: of the means (D, K), to (D,); the first mean by default.
        draws: bootstrap samples.
        level: of confidence.
        seed: of the draws.

    Raises:
        StatisticsError: when a number is not finite, or draws or level are out of range.

    >>> low, high = cluster_bootstrap([0.0, 1.0] * 50, seed=1)
    >>> bool(0.35 < low < 0.45 and 0.55 < high < 0.65)
    True
    """
    if draws < 1 or not 0 < level < 1:
        raise StatisticsError(f"draws must be at least 1 and level in (0, 1); got {draws} and {level}.")
    means = bootstrap_means(columns, clusters, draws=draws, seed=seed)
    statistics = means[:, 0] if formula is None else formula(means)
    low, high = np.quantile(statistics, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(float(low), float(high))


def bootstrap_means(
    columns: ArrayLike, clusters: Sequence[Hashable] | None = None, *, draws: int = 10_000, seed: int = 0
) -> NDArray[np.float64]:
    """Means (draws, K) of the columns (N, K) when whole clusters are drawn with replacement.

    Raises:
        StatisticsError: when there are no rows or a number is not finite.
    """
    table = np.asarray(columns, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or table.size == 0 or not np.isfinite(table).all():
        raise StatisticsError(
            f"columns must be finite numbers of shape (N,) or (N, K), N >= 1; got shape {table.shape}."
        )
    codes = cluster_codes(clusters, len(table))
    n_clusters = int(codes.max()) + 1
    sums = np.zeros((n_clusters, table.shape[1]))
    np.add.at(sums, codes, table)
    sizes = np.bincount(codes, minlength=n_clusters).astype(np.float64)
    rng = np.random.default_rng(seed)
    chunk = max(1, _CELLS // n_clusters)
    parts = [_draw(rng, sums, sizes, min(chunk, draws - start)) for start in range(0, draws, chunk)]
    return np.concatenate(parts)


def _draw(
    rng: np.random.Generator, sums: NDArray[np.float64], sizes: NDArray[np.float64], n_draws: int
) -> NDArray[np.float64]:
    """Draw clusters as multiplicities, so that sums are one matrix product."""
    n_clusters = len(sizes)
    picked = rng.integers(n_clusters, size=(n_draws, n_clusters))
    picked += np.arange(n_draws)[:, None] * n_clusters
    times = np.bincount(picked.ravel(), minlength=n_draws * n_clusters).reshape(n_draws, n_clusters).astype(np.float64)
    return (times @ sums) / (times @ sizes)[:, None]
