"""A benchmark's figures of one model, each with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench_eval.bootstrap import bootstrap_values, percentiles
from bench_eval.intervals import Interval
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
    """Middle 95 % of the bootstrap values."""
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
            standard_error=spread_of(drawn[:, k]) if counts[k][1] > 1 else float("nan"),
            interval=percentiles(drawn[:, k], level),
            n=counts[k][0],
            n_clusters=counts[k][1],
        )
        for k, (metric, value) in enumerate(zip(measured.metrics, measured.values(), strict=True))
    ]


def spread_of(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Standard deviation of the values that are numbers; NaN with fewer than two."""
    known = values[~np.isnan(values)]
    return float(known.std(ddof=1)) if known.size > 1 else float("nan")
