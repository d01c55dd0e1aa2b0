"""Two-sided tests of no difference for scores in pairs."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from bench_eval.bootstrap import Formula
from bench_eval.errors import StatisticsError
from bench_eval.intervals import cluster_codes

EXACT_CLUSTERS = 14
"""Up to this many clusters that are not zero, all sign patterns are counted instead of drawn."""
_CELLS = 4_000_000


def mcnemar_exact(b: int, c: int) -> float:
    """Exact McNemar test: p value of b pairs right only before and c pairs right only after, under equal chances.

    Twice the smaller tail of the binomial distribution with b + c trials and chance 1/2, at most 1.

    Raises:
        StatisticsError: when a count is below 0.

    >>> mcnemar_exact(3, 10), mcnemar_exact(0, 0), mcnemar_exact(5, 5)
    (0.09228515625, 1.0, 1.0)
    """
    if b < 0 or c < 0:
        raise StatisticsError(f"counts of pairs must not be below 0; got b={b}, c={c}.")
    n, term, tail = b + c, 1, 0
    for i in range(min(b, c) + 1):
        tail += term
        term = term * (n - i) // (i + 1)
    return min(1.0, 2 * tail / 2**n)


def sign_flip_test(
    differences: Sequence[float] | NDArray[np.float64],
    clusters: Sequence[Hashable] | None = None,
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> float:
    """Permutation test: p value of the mean difference when before and after are swapped cluster by cluster.

    With few clusters every pattern of swaps is counted, which is exact; otherwise (1 + hits) / (1 + draws).

    Raises:
        StatisticsError: when there are no differences, or one is not finite.

    >>> sign_flip_test([1.0, 1.0, 1.0])
    0.25
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all() or draws < 1:
        raise StatisticsError(f"sign_flip_test needs finite differences and draws >= 1; got {values.size}, {draws}.")
    sums = np.bincount(cluster_codes(clusters, len(values)), weights=values).astype(np.float64)
    sums = sums[np.abs(sums) > 1e-12]
    if sums.size == 0:
        return 1.0
    bar = abs(math.fsum(sums)) - 1e-9 * float(np.abs(sums).sum())
    if sums.size <= EXACT_CLUSTERS:
        patterns = (np.arange(2**sums.size)[:, None] >> np.arange(sums.size)) & 1
        return float(np.mean(np.abs((1 - 2 * patterns) @ sums) >= bar))
    return (1 + _hits(sums, bar, draws, seed)) / (1 + draws)


def _hits(sums: NDArray[np.float64], bar: float, draws: int, seed: int) -> int:
    rng = np.random.default_rng(seed)
    chunk = max(1, _CELLS // sums.size)
    hits = 0
    for start in range(0, draws, chunk):
        signs = 2.0 * rng.integers(2, size=(min(chunk, draws - start), sums.size)) - 1.0
        hits += int(np.count_nonzero(np.abs(signs @ sums) >= bar))
    return hits


def swap_test(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    formulas: Sequence[Formula],
    clusters: Sequence[Hashable] | None = None,
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> list[float]:
    """Permutation test: p value of each formula's difference when the two models are swapped cluster by cluster.

    For composite figures, such as sums of accuracies or F1; for a plain mean it is the sign-flip test. Clusters that
    change in the same way are swapped by their number. With few clusters every pattern is counted, which is exact;
    otherwise (1 + hits) / (1 + draws). A pattern that leaves a formula without a value counts as a hit.

    Args:
        before: (N, K) columns of the first model.
        after: (N, K) columns of the second model.
        formulas: of means (D, K), to (D,).
        clusters: one per line.
        draws: patterns of swaps.
        seed: of the draws.

    Raises:
        StatisticsError: when the tables differ in shape, or draws is below 1.

    >>> swap_test(np.zeros((3, 1)), np.ones((3, 1)), [lambda means: means[:, 0]])
    [0.25]
    """
    if before.shape != after.shape or before.ndim != 2 or not len(before) or draws < 1:
        raise StatisticsError(f"both tables need one shape (N, K) and draws >= 1; got {before.shape}, {after.shape}.")
    gains = _cluster_sums(after - before, clusters)
    kinds, counts = np.unique(gains[np.abs(gains).max(axis=1) > 1e-12], axis=0, return_counts=True)
    total = before.sum(axis=0)

    def differences(swapped: NDArray[np.intp]) -> NDArray[np.float64]:
        moved = swapped @ kinds
        sides = ((total + counts @ kinds - moved) / len(before), (total + moved) / len(before))
        return np.stack([formula(sides[0]) - formula(sides[1]) for formula in formulas], axis=1)

    if not len(counts):
        return [1.0] * len(formulas)
    bars = np.abs(differences(np.zeros((1, len(counts)), dtype=np.intp)))[0] * (1 - 1e-9) - 1e-12
    if counts.sum() <= EXACT_CLUSTERS:
        patterns = (np.arange(2 ** int(counts.sum()))[:, None] >> np.arange(counts.sum())) & 1
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        found = differences(np.add.reduceat(patterns, starts, axis=1))
        return [float(share) for share in np.mean(~(np.abs(found) < bars), axis=0)]
    rng, hits = np.random.default_rng(seed), np.zeros(len(formulas))
    chunk = max(1, _CELLS // max(len(counts), before.shape[1]))
    for start in range(0, draws, chunk):
        n_draws = min(chunk, draws - start)
        hits += np.count_nonzero(
            ~(np.abs(differences(rng.binomial(counts, 0.5, size=(n_draws, len(counts))))) < bars), axis=0
        )
    return [float((1 + hit) / (1 + draws)) for hit in hits]


def _cluster_sums(table: NDArray[np.float64], clusters: Sequence[Hashable] | None) -> NDArray[np.float64]:
    codes = cluster_codes(clusters, len(table))
    sums = np.zeros((int(codes.max()) + 1, table.shape[1]))
    np.add.at(sums, codes, table)
    return sums


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values of several tests so that the chance of any false alarm stays below the level.

    Source: Holm 1979, step-down.

    Raises:
        StatisticsError: when one is not in 0 to 1.

    >>> [round(p, 4) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise StatisticsError(f"p values must lie in 0 to 1; got {list(p_values)}.")
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted
