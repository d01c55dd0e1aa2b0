"""Accuracy and its interval; rows that share a cluster (an image, a scene) do not count as independent."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench_eval.errors import StatisticsError


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


def wilson_interval(successes: float, n: float, level: float = 0.95) -> Interval:
    """Score interval of a proportion; both numbers may be effective sizes, hence not whole.

    Source: Wilson 1927, without continuity correction.

    Raises:
        StatisticsError: when not 0 <= successes <= n, n > 0, 0 < level < 1.

    >>> [round(end, 4) for end in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    if not (0 <= successes <= n and n > 0 and 0 < level < 1):
        raise StatisticsError(
            f"wilson_interval needs 0 <= successes <= n, n > 0, 0 < level < 1; got {successes}, {n}, {level}."
        )
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, weight = successes / n, z * z / n
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / n + weight / (4 * n))
    return Interval(max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)))


@dataclass(frozen=True)
class Accuracy:
    """Mean score with its uncertainty."""

    value: float
    """Mean of the scores, 0 to 1."""
    n: int
    """Scores."""
    n_clusters: int
    """Independent groups among them."""
    standard_error: float
    """Of the mean; clustered when clusters repeat; NaN with a single cluster."""
    interval: Interval
    """Wilson interval at the effective sample size."""


def cluster_codes(clusters: Sequence[Hashable] | None, n: int) -> NDArray[np.intp]:
    """Number the clusters 0, 1, ... in order of appearance, one number per row; None makes every row its own cluster.

    Raises:
        StatisticsError: when there are not n of them.
    """
    if clusters is None:
        return np.arange(n)
    if len(clusters) != n:
        raise StatisticsError(f"clusters must name one cluster per score; got {len(clusters)} for {n} scores.")
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters], dtype=np.intp)


def accuracy(scores: Sequence[float], clusters: Sequence[Hashable] | None = None, level: float = 0.95) -> Accuracy:
    """Mean of scores from 0 to 1 with a Wilson interval.

    0/1 scores without repeated clusters give the plain Wilson interval. Otherwise the interval is Wilson's at the
    effective size mean * (1 - mean) / standard_error**2 (for 0/1 scores never above n), which keeps it inside 0 to 1.

    Source: cluster-robust error of a mean, sqrt(C / (C - 1) * sum over clusters of (sum of residuals)**2) / n.

    Raises:
        StatisticsError: when there are no scores, or one is not a number from 0 to 1.

    >>> accuracy([1, 1, 0, 1]).value, accuracy([1, 1, 0, 0], clusters=["a", "a", "b", "b"]).n_clusters
    (0.75, 2)
    """
    values = check_scores(scores)
    codes = cluster_codes(clusters, len(values))
    n_clusters = int(codes.max()) + 1
    mean = float(values.mean())
    error = _standard_error(values, codes, n_clusters)
    size = _effective_size(values, mean, error, n_clusters)
    return Accuracy(mean, len(values), n_clusters, error, wilson_interval(mean * size, size, level))


def check_scores(scores: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the scores as an array (N,).

    Raises:
        StatisticsError: when there are none, or one is not a number from 0 to 1.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise StatisticsError(f"scores must be a list of at least one number; got shape {values.shape}.")
    bad = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if bad.size:
        raise StatisticsError(
            f"scores must lie in 0 to 1; got {values[bad[0]]} at position {bad[0]} ({bad.size} such)."
        )
    return values


def _standard_error(values: NDArray[np.float64], codes: NDArray[np.intp], n_clusters: int) -> float:
    if n_clusters < 2:
        return math.nan
    sums = np.bincount(codes, weights=values - values.mean(), minlength=n_clusters)
    return float(np.sqrt(n_clusters / (n_clusters - 1) * np.sum(sums**2)) / len(values))


def _effective_size(values: NDArray[np.float64], mean: float, error: float, n_clusters: int) -> float:
    is_binary = bool(np.isin(values, (0.0, 1.0)).all())
    if is_binary and n_clusters == len(values):
        return float(len(values))
    if not error > 1e-12:
        return float(n_clusters)
    size = mean * (1 - mean) / error**2
    return min(size, float(len(values))) if is_binary else size
