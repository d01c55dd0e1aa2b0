"""Figures of LLaVA-Bench: the model's mean score as a share of the reference's, by category and over all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench_eval.bootstrap import Formula
from bench_eval.measures.group_columns import group_columns, group_metrics
from bench_eval.measures.judged_figures import judged_figures
from bench_eval.measures.known_rows import known_rows
from bench_eval.measures.mean_measures import kinds_of, members_of
from bench_eval.measures.measured import Measure, Measured, Metric, ratio

_BEST = 10.0


def relative_score_measure(*, mean_decimals: int | None = None) -> Measure:
    """Make the measure that divides the model's mean by the reference's: over all questions, not the categories' mean.

    Both means, from 1 to 10, come with each share. Rows have `category`; the trials' `answer` is `reference model`.

    Args:
        mean_decimals: to which the two means are rounded before they are divided; None doesn't round.

    Source: Liu et al. 2023 (arXiv 2304.08485); llava/eval/summarize_gpt_review.py for the rounding to 3 decimals.

    >>> answers = [("8 6", "conv"), ("10 9", "detail")]
    >>> rows = [{"id": a, "category": c, "trials": [{"answer": a, "score": float(a[-1]) / 10}]} for a, c in answers]
    >>> measured = relative_score_measure()(rows)
    >>> [(one.name, round(value, 4)) for one, value in zip(measured.metrics, measured.values())][:4]
    [('relative score', 0.8333), ('relative score, conv', 0.75), ('relative score, detail', 0.9), ('model mean', 7.5)]
    """

    def measure(rows: Sequence[Mapping[str, Any]]) -> Measured:
        known = known_rows(rows)
        means = np.array([one.mean(axis=0) for one in judged_figures(known.rows, 2)])
        kinds = kinds_of(rows, ["category"])
        inside = members_of(known.rows, kinds)
        reference, model = (group_columns(means[:, k], inside) for k in (0, 1))
        columns, at = np.column_stack([means[:, 1] / _BEST, model, reference]), 1 + model.shape[1]
        names = [value for _, value in kinds]
        shares = [
            Metric(name=name, formula=_share(1 + 2 * k, at + 2 * k, mean_decimals), about=(2 + 2 * k,))
            for k, name in enumerate(["relative score", *(f"relative score, {name}" for name in names)])
        ]
        metrics = (
            *shares,
            *group_metrics("model mean", [f"model mean, {name}" for name in names], top=_BEST, first=1),
            *group_metrics("reference mean", [f"reference mean, {name}" for name in names], top=_BEST, first=at),
        )
        return known.measured(columns, metrics)

    return measure


def _share(model: int, reference: int, mean_decimals: int | None) -> Formula:
    """Divide the means at two places of `group_columns`, each of which its count follows."""

    def formula(means: NDArray[np.float64]) -> NDArray[np.float64]:
        above, below = ratio(model, model + 1)(means), ratio(reference, reference + 1)(means)
        if mean_decimals is not None:
            above, below = above.round(mean_decimals), below.round(mean_decimals)
        with np.errstate(divide="ignore", invalid="ignore"):
            return above / below

    return formula
