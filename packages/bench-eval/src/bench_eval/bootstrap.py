"""Bootstrap over clusters, for any formula of means."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench_eval.errors import StatisticsError
from bench_eval.intervals import Interval, cluster_codes

Formula = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Means (D, K) -> statistics (D,)."""
_CELLS = 2_000_000
"""Array cells of one chunk of draws: bounds the memory."""
_FEW_KINDS = 16
"""One number of a multinomial costs as much as drawing this many clusters."""


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
    values = bootstrap_values(columns, [formula or _first], clusters, draws=draws, seed=seed)
    return percentiles(values[:, 0], level)


def percentiles(values: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Interval that holds the middle `level` of bootstrap values; values that are NaN are left out, all NaN give NaN.

    Raises:
        StatisticsError: level is out of range.

    >>> percentiles(np.arange(101.0), 0.5)
    Interval(low=25.0, high=75.0)
    """
    if not 0 < level < 1:
        raise StatisticsError(f"level must lie in (0, 1); got {level}.")
    known = values[~np.isnan(values)]
    if not known.size:
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(float(low), float(high))


def bootstrap_values(
    columns: ArrayLike,
    formulas: Sequence[Formula],
    clusters: Sequence[Hashable] | None = None,
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Values (draws, M) of several formulas over the same draws of whole clusters.

    Clusters that add the same numbers are exchangeable, so that only their multiplicities are drawn: a benchmark of
    right and wrong answers has few kinds of clusters, and a million draws take seconds.

    Args:
        columns: (N,) or (N, K) numbers, one line per row.
        formulas: M of them, each of the means (D, K), to (D,).
        clusters: one per row; None makes every row its own cluster.
        draws: bootstrap samples.
        seed: of the draws; the result does not depend on the number of cores.

    Raises:
        StatisticsError: when there are no rows, a number is not finite, or draws is below 1.

    >>> bootstrap_values([1.0, 1.0], [_first], draws=3).tolist()
    [[1.0], [1.0], [1.0]]
    """
    return _in_chunks(
        columns, clusters, draws, seed, lambda means: np.stack([formula(means) for formula in formulas], axis=1)
    )


def _first(means: NDArray[np.float64]) -> NDArray[np.float64]:
    return means[:, 0]


def _in_chunks(
    columns: ArrayLike,
    clusters: Sequence[Hashable] | None,
    draws: int,
    seed: int,
    to_values: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    if draws < 1:
        raise StatisticsError(f"draws must be at least 1; got {draws}.")
    kinds = _kinds_of(columns, clusters)
    chunk = max(1, _CELLS // kinds.cells)
    sizes = [min(chunk, draws - start) for start in range(0, draws, chunk)]
    streams = np.random.default_rng(seed).spawn(len(sizes))
    with ThreadPoolExecutor(min(len(sizes), os.cpu_count() or 1)) as pool:  # numpy draws without the interpreter's lock
        return np.concatenate(list(pool.map(lambda rng, n: to_values(kinds.draw(rng, n)), streams, sizes)))


@dataclass(frozen=True)
class _Kinds:
    """Clusters, those that add the same numbers taken together."""

    sums: NDArray[np.float64]
    """(T, K) what one cluster of each kind adds to each column."""
    sizes: NDArray[np.float64]
    """(T,) rows of one cluster of each kind."""
    counts: NDArray[np.intp]
    """(T,) clusters of each kind."""

    @property
    def cells(self) -> int:
        """Numbers that one draw needs."""
        return max(len(self.counts) if self._are_few else int(self.counts.sum()), self.sums.shape[1])

    @property
    def _are_few(self) -> bool:
        return len(self.counts) * _FEW_KINDS < int(self.counts.sum())

    def draw(self, rng: np.random.Generator, n_draws: int) -> NDArray[np.float64]:
        """Means (n_draws, K) over as many clusters as there are, drawn with replacement."""
        times = self._multiplicities(rng, n_draws).astype(np.float64)
        return (times @ self.sums) / (times @ self.sizes)[:, None]

    def _multiplicities(self, rng: np.random.Generator, n_draws: int) -> NDArray[np.intp]:
        n_clusters, n_kinds = int(self.counts.sum()), len(self.counts)
        if self._are_few:
            return rng.multinomial(n_clusters, self.counts / n_clusters, size=n_draws)
        kind_of = np.repeat(np.arange(n_kinds), self.counts)
        picked = kind_of[rng.integers(n_clusters, size=(n_draws, n_clusters))]
        picked += np.arange(n_draws)[:, None] * n_kinds
        return np.bincount(picked.ravel(), minlength=n_draws * n_kinds).reshape(n_draws, n_kinds)


def _kinds_of(columns: ArrayLike, clusters: Sequence[Hashable] | None) -> _Kinds:
    table = np.asarray(columns, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or table.size == 0 or not np.isfinite(table).all():
        raise StatisticsError(
            f"columns must be finite numbers of shape (N,) or (N, K), N >= 1; got shape {table.shape}."
        )
    codes = cluster_codes(clusters, len(table))
    n_clusters = int(codes.max()) + 1
    sums = np.zeros((n_clusters, table.shape[1] + 1))
    np.add.at(sums, codes, np.column_stack([table, np.ones(len(table))]))
    kinds, counts = np.unique(sums, axis=0, return_counts=True)
    return _Kinds(kinds[:, :-1], kinds[:, -1], counts)
