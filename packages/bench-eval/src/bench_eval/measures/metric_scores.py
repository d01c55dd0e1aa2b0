"""A benchmark's figures of one model, each with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench_eval.bootstrap import bootstrap_values, percentiles
from bench_eval.intervals import Interval, wilson_interval
from bench_eval.measures.measured import Measured


@dataclass(frozen=True, kw_only=True)
class MetricScore:
    """One figure of one model."""

    metric: str
    """Its name."""
    top: float
    """The best possible value: 1 is shown in percent, anything else as it stands."""
    value: float
    """NaN where there is nothing to divide by."""
    standard_error: float
    """Standard deviation of the bootstrap values, whole clusters drawn; NaN with a single cluster."""
    interval: Interval
    """Middle 95 % of the bootstrap values; see `interval_of` for what they can't tell."""
    n: int
    """Units that it is about: rows, pairs, images or base questions."""
    n_clusters: int
    """Independent groups among them."""


def score_metrics(measured: Measured, *, draws: int = 10_000, level: float = 0.95, seed: int = 0) -> list[MetricScore]:
    """Give each figure its standard error and interval, from one cluster bootstrap of the whole formulas.

    Raises:
        StatisticsError: draws or level are out of range.
    """
    formulas = [metric.formula for metric in measured.metrics]
    drawn = bootstrap_values(measured.columns, formulas, measured.clusters, draws=draws, seed=seed)
    clusters = np.array(measured.clusters)
    inside = [metric.units(measured.columns) for metric in measured.metrics]
    counts = [(int(units.sum()), len(set(clusters[units]))) for units in inside]
    return [
        MetricScore(
            metric=metric.name,
            top=metric.top,
            value=value,
            standard_error=spread_of(drawn[:, k], counts[k][1]),
            interval=interval_of(drawn[:, k], counts[k][1], top=metric.top, level=level),
            n=counts[k][0],
            n_clusters=counts[k][1],
        )
        for k, (metric, value) in enumerate(zip(measured.metrics, measured.values(), strict=True))
    ]


def spread_of(drawn: NDArray[np.float64], n_clusters: int) -> float:
    """Standard deviation of the bootstrap values that are numbers; NaN with fewer than two, or with one cluster."""
    known = drawn[~np.isnan(drawn)]
    return float(known.std(ddof=1)) if known.size > 1 and n_clusters > 1 else math.nan


def interval_of(drawn: NDArray[np.float64], n_clusters: int, *, top: float = 1.0, level: float = 0.95) -> Interval:
    """Interval of one model's figure from its bootstrap values.

    NaN with a single cluster, of which nothing can be drawn but itself. A figure that is 0 or 1 in every draw gets
    Wilson's interval for as many rows as there are clusters: that nothing failed does not mean that nothing can.

    >>> [round(end, 3) for end in interval_of(np.ones(1000), 8)], interval_of(np.ones(1000), 1)
    ([0.676, 1.0], Interval(low=nan, high=nan))
    """
    if n_clusters < 2:
        return Interval(math.nan, math.nan)
    found = percentiles(drawn, level)
    if top == 1 and found.low == found.high and found.low in (0.0, 1.0):
        return wilson_interval(found.low * n_clusters, n_clusters, level)
    return found
