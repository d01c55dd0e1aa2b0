"""A benchmark's figures as formulas of means, so that one bootstrap serves all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench_eval.bootstrap import Formula


@dataclass(frozen=True)
class Ratio:
    """A formula: the mean of one column divided by that of another."""

    part: int
    """Column above."""
    whole: int
    """Column below; a unit with a 0 there is none of those that the figure is about."""

    def __call__(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (D,) of means (D, K); NaN where the lower mean is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return means[:, self.part] / means[:, self.whole]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One figure of a benchmark."""

    name: str
    """In the benchmark's own words: `pair accuracy`, `perception`, `f1`."""
    formula: Formula
    """Means of the columns (D, K) -> values (D,); NaN where a draw leaves nothing to divide by."""
    top: float = 1.0
    """The best possible value: 1 is shown in percent, anything else as it stands."""
    about: tuple[int, ...] = ()
    """Columns of which one is not 0 in the units that the figure is about; by default all, or those below a ratio."""

    def units(self, columns: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(N,) which units the figure is about."""
        places = (self.formula.whole,) if isinstance(self.formula, Ratio) else self.about
        return (columns[:, list(places)] != 0).any(axis=1) if places else np.ones(len(columns), dtype=bool)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Graded rows of one model as numbers: one line per unit, what is right or wrong as a whole."""

    ids: list[str]
    """(N,) of the units: rows, pairs of questions, images, base questions."""
    clusters: list[str]
    """(N,) units that share one are not independent."""
    columns: NDArray[np.float64]
    """(N, K) what each unit adds, first its own score from 0 to 1; which columns there are depends on rows alone."""
    metrics: tuple[Metric, ...]
    """Over the columns; the first is the headline."""
    left_out: int = 0
    """Rows that are in no unit: without a score, or of an incomplete unit."""

    def values(self) -> list[float]:
        """Value of each metric."""
        means = self.columns.mean(axis=0, keepdims=True)
        return [float(metric.formula(means)[0]) for metric in self.metrics]


Measure: TypeAlias = Callable[[Sequence[Mapping[str, Any]]], Measured]
"""Graded rows of one model on one task -> its figures."""


def ratio(part: int, whole: int) -> Ratio:
    """The mean of one column divided by that of another: an average over some of the units.

    >>> ratio(0, 1)(np.array([[0.2, 0.4], [0.0, 0.0]])).tolist()
    [0.5, nan]
    """
    return Ratio(part, whole)


def mean_of(formulas: Sequence[Formula]) -> Formula:
    """The plain mean of several figures; NaN where one of them is.

    >>> mean_of([ratio(0, 1), ratio(1, 0)])(np.array([[1.0, 2.0]])).tolist()
    [1.25]
    """
    return lambda means: np.mean([formula(means) for formula in formulas], axis=0)
