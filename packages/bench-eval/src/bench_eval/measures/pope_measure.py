"""POPE's figures: F1, accuracy, precision, recall and the share of yes, for each category and over all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench_eval.bootstrap import Formula
from bench_eval.measures.known_rows import known_rows
from bench_eval.measures.mean_measures import kinds_of
from bench_eval.measures.measured import Measure, Measured, Metric, mean_of
from bench_eval.rules.yes_no_words import true_yes_no

_COUNTS = ("n", "right", "said_yes", "true_yes", "hit", "missed")
"""Columns of a category. `hit`: yes, rightly; `missed`: what counts as a no where yes is right."""
_NAMES = ("f1", "accuracy", "precision", "recall", "yes ratio")


def pope_measure(*, pooled: bool = False, unparsed_is_no: bool = True, yes_ratio_of_truths: bool = False) -> Measure:
    """Make POPE's measure over rows with a `category`; yes is the positive class.

    An answer that is neither yes nor no is wrong in the accuracy. F1, precision and recall are 0 where nothing is hit.

    Args:
        pooled: headline is the F1 over all rows; else the mean of the categories' F1.
        unparsed_is_no: whether an answer that is neither counts as a no where yes is right, and so against recall.
        yes_ratio_of_truths: the share of yes among the true answers, which says nothing about a model.

    >>> row = {"id": "a", "category": "random", "answer": "yes", "trials": [{"score": 1.0, "answer": "yes"}]}
    >>> measured = pope_measure()([row])
    >>> measured.metrics[0].name, measured.values()[:3]
    ('mean f1', [1.0, 1.0, 1.0])

    Source: Li et al. 2023 (POPE), arXiv 2305.10355; the arguments are what lmms-eval and VLMEvalKit do otherwise.
    """

    def measure(rows: Sequence[Mapping[str, Any]]) -> Measured:
        categories = [category for _, category in kinds_of(rows, ["category"])]
        known = known_rows(rows)
        lines = [_line(row, categories, unparsed_is_no) for row in known.rows]
        yes_ratio = "true_yes" if yes_ratio_of_truths else "said_yes"
        return known.measured(np.array(lines), _metrics(categories, pooled, yes_ratio))

    return measure


def _line(row: Mapping[str, Any], categories: Sequence[str], unparsed_is_no: bool) -> list[float]:
    truth = true_yes_no(row)
    counts = np.mean([_counts(truth, trial, unparsed_is_no) for trial in row["trials"]], axis=0)
    own = str(row.get("category"))
    cells = [counts if category == own else np.zeros(len(_COUNTS)) for category in categories]
    return [float(counts[1]), *np.concatenate(cells).tolist()]


def _counts(truth: str, trial: Mapping[str, Any], unparsed_is_no: bool) -> list[float]:
    said = str(trial["answer"])
    is_yes, true_yes = said == "yes", truth == "yes"
    missed = true_yes and (not is_yes if unparsed_is_no else said == "no")
    return [1.0, float(trial["score"]), float(is_yes), float(true_yes), float(is_yes and true_yes), float(missed)]


def _metrics(categories: Sequence[str], pooled: bool, yes_ratio: str) -> list[Metric]:
    every = list(range(len(categories)))
    f1s = [_figure("f1", [k], yes_ratio) for k in every]
    over_all = [Metric(name=name, formula=_figure(name, every, yes_ratio)) for name in _NAMES]
    head = over_all if pooled else [Metric(name="mean f1", formula=mean_of(f1s)), *over_all[1:]]
    parts = [
        Metric(name=f"{name} category={category}", formula=_figure(name, [k], yes_ratio), about=(1 + k * len(_COUNTS),))
        for k, category in enumerate(categories)
        for name in _NAMES
    ]
    return [*head, *parts]


def _figure(name: str, categories: Sequence[int], yes_ratio: str) -> Formula:
    """One figure over the sums of some categories; NaN where a draw has no row of them."""

    def formula(means: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = {
            count: means[:, [1 + category * len(_COUNTS) + k for category in categories]].sum(axis=1)
            for k, count in enumerate(_COUNTS)
        }
        parts = {
            "f1": (2 * sums["hit"], sums["hit"] + sums["said_yes"] + sums["missed"]),
            "accuracy": (sums["right"], sums["n"]),
            "precision": (sums["hit"], sums["said_yes"]),
            "recall": (sums["hit"], sums["hit"] + sums["missed"]),
            "yes ratio": (sums[yes_ratio], sums["n"]),
        }
        part, whole = parts[name]
        values = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
        return np.where(sums["n"] > 0, values, np.nan)

    return formula
