"""A benchmark's figures of two models side by side, each difference with its interval and p value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench_eval.bootstrap import Formula, bootstrap_values, percentiles
from bench_eval.errors import PairingError
from bench_eval.intervals import Interval
from bench_eval.measures.measured import Measure, Measured
from bench_eval.measures.metric_scores import spread_of
from bench_eval.paired_tests import mcnemar_exact, swap_test
from bench_eval.pairs import Missing, pair_scores, score_rows


@dataclass(frozen=True, kw_only=True)
class MetricComparison:
    """What changed in one figure of a benchmark, over the units that both models have."""

    metric: str
    """Its name."""
    top: float
    """The best possible value: 1 is shown in percent, anything else as it stands."""
    n: int
    """Units that it is about: rows, pairs, images or base questions."""
    n_clusters: int
    """Independent groups among them."""
    before: float
    after: float
    before_interval: Interval
    after_interval: Interval
    difference: float
    """After minus before."""
    standard_error: float
    """Of the difference: standard deviation of its bootstrap values."""
    interval: Interval
    """Paired cluster bootstrap of the difference of the whole formula."""
    p: float
    """Two-sided, of no difference."""
    test: Literal["mcnemar-exact", "swap"]
    """McNemar for a plain mean of 0/1 scores without repeated clusters, swaps of whole clusters otherwise."""
    wins: int
    """Units in which the second model scores higher."""
    losses: int
    """Units in which the first model scores higher."""
    left_out: int
    """Rows that are not compared: on one side only, without a score, or of an incomplete unit."""


def compare_metrics(
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    measure: Measure,
    *,
    missing: Missing = "error",
    draws: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> list[MetricComparison]:
    """Compare each figure of a benchmark between two models, over the rows that both have a score for.

    Args:
        before: graded rows of the first model.
        after: graded rows of the second model, in any order.
        measure: from graded rows to the figures.
        missing: whether ids on one side only are an error or counted.
        draws: of the bootstrap and of the swaps.
        level: of the intervals.
        seed: of the draws.

    Raises:
        PairingError: when the ids do not match, or no pair is left.

    >>> from bench_eval.measures import mean_measure
    >>> old = [{"id": str(i), "trials": [{"score": float(i < 3)}]} for i in range(13)]
    >>> new = [{"id": str(i), "trials": [{"score": float(i >= 3)}]} for i in range(13)]
    >>> result = compare_metrics(old, new, mean_measure())[0]
    >>> result.test, round(result.p, 4), result.wins, result.losses
    ('mcnemar-exact', 0.0923, 10, 3)
    """
    pairs = pair_scores(score_rows(before), score_rows(after), missing)
    shared = set(pairs.ids)
    first, second = (measure(_sorted_rows(rows, shared)) for rows in (before, after))
    _require_equal_units(first, second)
    formulas = [metric.formula for metric in first.metrics]
    drawn = _draw_both(first, second, formulas, draws, seed)
    swapped = swap_test(first.columns, second.columns, formulas, first.clusters, draws=draws, seed=seed)
    gained = second.columns[:, 0] - first.columns[:, 0]
    clusters = np.array(first.clusters)
    left_out = first.left_out + pairs.missing_before + pairs.missing_after + pairs.unscored
    found: list[MetricComparison] = []
    for k, (metric, old, new) in enumerate(zip(first.metrics, first.values(), second.values(), strict=True)):
        units = metric.units(first.columns)
        wins, losses = (int(np.count_nonzero(side[units] > 1e-12)) for side in (gained, -gained))
        is_mcnemar = k == 0 and _fits_mcnemar(first, second)
        befores, afters = drawn[:, k], drawn[:, len(formulas) + k]
        found.append(
            MetricComparison(
                metric=metric.name,
                top=metric.top,
                n=int(units.sum()),
                n_clusters=len(set(clusters[units])),
                before=old,
                after=new,
                before_interval=percentiles(befores, level),
                after_interval=percentiles(afters, level),
                difference=new - old,
                standard_error=spread_of(afters - befores),
                interval=percentiles(afters - befores, level),
                p=mcnemar_exact(losses, wins) if is_mcnemar else swapped[k],
                test="mcnemar-exact" if is_mcnemar else "swap",
                wins=wins,
                losses=losses,
                left_out=left_out,
            )
        )
    return found


def _sorted_rows(rows: Sequence[Mapping[str, Any]], shared: set[str]) -> list[Mapping[str, Any]]:
    """The shared rows in one order for both models, so that their units come out in one order."""
    return sorted((row for row in rows if str(row["id"]) in shared), key=lambda row: str(row["id"]))


def _require_equal_units(first: Measured, second: Measured) -> None:
    if first.ids != second.ids or first.clusters != second.clusters:
        raise PairingError("both models need the same units and clusters; the rows of the two runs differ in fields.")
    if [metric.name for metric in first.metrics] != [metric.name for metric in second.metrics]:
        raise PairingError("both models need the same figures; the rows of the two runs differ in their kinds.")


def _draw_both(
    first: Measured, second: Measured, formulas: Sequence[Formula], draws: int, seed: int
) -> NDArray[np.float64]:
    """Values (draws, 2M): the figures of the first model, then of the second, over the same drawn clusters."""
    width = first.columns.shape[1]
    both = np.hstack([first.columns, second.columns])
    of_first = [_on_columns(formula, slice(0, width)) for formula in formulas]
    of_second = [_on_columns(formula, slice(width, None)) for formula in formulas]
    return bootstrap_values(both, [*of_first, *of_second], first.clusters, draws=draws, seed=seed)


def _on_columns(formula: Formula, part: slice) -> Formula:
    return lambda means: formula(means[:, part])


def _fits_mcnemar(first: Measured, second: Measured) -> bool:
    """Whether the headline is the plain mean of 0/1 scores of units that share no cluster."""
    scores = np.concatenate([first.columns[:, 0], second.columns[:, 0]])
    is_plain = all(abs(one.values()[0] - float(one.columns[:, 0].mean())) < 1e-12 for one in (first, second))
    return is_plain and bool(np.isin(scores, (0.0, 1.0)).all()) and len(set(first.clusters)) == len(first.clusters)
