"""A benchmark's figures of two models side by side, each difference with its interval and p value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench_eval.bootstrap import Formula, bootstrap_values, percentiles
from bench_eval.errors import PairingError
from bench_eval.intervals import Interval
from bench_eval.measures.measured import Measure, Measured, Ratio
from bench_eval.measures.metric_scores import interval_of, spread_of
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
    """Of the difference: standard deviation of its bootstrap values; NaN with a single cluster."""
    interval: Interval
    """Paired cluster bootstrap of the difference of the whole formula; NaN with a single cluster."""
    p: float
    """Two-sided, of no difference; NaN where a side has no value."""
    test: Literal["mcnemar-exact", "swap"]
    """McNemar for a plain mean of 0/1 scores without repeated clusters, swaps of whole clusters otherwise."""
    wins: int | None
    """Units that add more to the figure under the second model; None where no unit adds by itself (F1, sums)."""
    losses: int | None
    """Units that add more under the first model."""
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
    left_out = first.left_out + pairs.missing_before + pairs.missing_after + pairs.unscored
    return [
        _compared(first, second, k, (drawn[:, k], drawn[:, len(formulas) + k]), p, level, left_out)
        for k, p in enumerate(swapped)
    ]


def _compared(
    first: Measured,
    second: Measured,
    k: int,
    drawn: tuple[NDArray[np.float64], NDArray[np.float64]],
    swap_p: float,
    level: float,
    left_out: int,
) -> MetricComparison:
    """One figure: metric number `k`, from the drawn values (D,) of both sides and its p value by swaps."""
    metric = first.metrics[k]
    old, new = (float(metric.formula(side.columns.mean(axis=0, keepdims=True))[0]) for side in (first, second))
    units = metric.units(first.columns)
    n_clusters = len(set(np.array(first.clusters)[units]))
    wins, losses = _wins_and_losses(first, second, k, units)
    is_mcnemar = k == 0 and _fits_mcnemar(first, second)
    p = mcnemar_exact(losses or 0, wins or 0) if is_mcnemar else swap_p
    befores, afters = drawn
    return MetricComparison(
        metric=metric.name,
        top=metric.top,
        n=int(units.sum()),
        n_clusters=n_clusters,
        before=old,
        after=new,
        before_interval=interval_of(befores, n_clusters, top=metric.top, level=level),
        after_interval=interval_of(afters, n_clusters, top=metric.top, level=level),
        difference=new - old,
        standard_error=spread_of(afters - befores, n_clusters),
        interval=percentiles(afters - befores, level) if n_clusters > 1 else Interval(math.nan, math.nan),
        p=math.nan if math.isnan(new - old) else p,
        test="mcnemar-exact" if is_mcnemar else "swap",
        wins=wins,
        losses=losses,
        left_out=left_out,
    )


def _wins_and_losses(
    first: Measured, second: Measured, k: int, units: NDArray[np.bool_]
) -> tuple[int | None, int | None]:
    """Units that moved: by their own score for the headline, by what they add to an average, else not told."""
    formula = first.metrics[k].formula
    column = 0 if k == 0 else formula.part if isinstance(formula, Ratio) else None
    if column is None:
        return None, None
    gained = (second.columns[:, column] - first.columns[:, column])[units]
    return int(np.count_nonzero(gained > 1e-12)), int(np.count_nonzero(gained < -1e-12))


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
    is_binary = bool(np.isin(scores, (0.0, 1.0)).all())
    return is_binary and len(set(first.clusters)) == len(first.clusters) and all(map(_is_plain, (first, second)))


def _is_plain(measured: Measured) -> bool:
    """Whether the headline is the mean of the first column, and not a formula that happens to agree with it here."""
    weights = np.random.default_rng(0).random((8, len(measured.columns)))
    means = (weights / weights.sum(axis=1, keepdims=True)) @ measured.columns
    return bool(np.allclose(measured.metrics[0].formula(means), means[:, 0], rtol=0, atol=1e-12))
