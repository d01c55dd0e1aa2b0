"""Before and after, with intervals, on one page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Bounds = tuple[float, float]
"""Low and high end of an interval."""


class ComparedTaskLike(Protocol):
    """One line of a comparison; `bench_eval.Comparison` is one."""

    @property
    def task(self) -> str:
        """Name of the task."""
        ...

    @property
    def n(self) -> int:
        """Pairs compared."""
        ...

    @property
    def before(self) -> float:
        """Score before, 0 to 1 when shown in percent."""
        ...

    @property
    def after(self) -> float:
        """Score after."""
        ...

    @property
    def before_interval(self) -> Bounds | None:
        """Confidence interval of `before`."""
        ...

    @property
    def after_interval(self) -> Bounds | None:
        """Confidence interval of `after`."""
        ...

    @property
    def difference(self) -> float:
        """After minus before."""
        ...

    @property
    def interval(self) -> Bounds | None:
        """Confidence interval of the difference."""
        ...

    @property
    def p(self) -> float | None:
        """Two-sided p value of no difference."""
        ...


@dataclass(frozen=True)
class ComparedTask:
    """One line of a comparison, for callers without `bench_eval`."""

    task: str
    """Name of the task."""
    n: int
    """Pairs compared."""
    before: float
    """Score before."""
    after: float
    """Score after."""
    difference: float
    """After minus before."""
    interval: Bounds | None = None
    """Confidence interval of the difference."""
    p: float | None = None
    """Two-sided p value of no difference."""
    before_interval: Bounds | None = None
    """Confidence interval of `before`."""
    after_interval: Bounds | None = None
    """Confidence interval of `after`."""


@dataclass(frozen=True)
class Comparison:
    """A table of tasks, before and after, each difference with its interval, p value and a plain verdict."""

    tasks: Sequence[ComparedTaskLike]
    """One line each."""
    title: str = "Before and after"
    """Heading of the section."""
    note: str = ""
    """A sentence under the heading: which test, which interval."""
    before_label: str = "before"
    """Name of the first model."""
    after_label: str = "after"
    """Name of the second model."""
    alpha: float = 0.05
    """A difference counts as significant when p is below this."""
    as_percent: bool = True
    """Scores are shares of 1 and shown in percent; otherwise as they are."""


def verdict(task: ComparedTaskLike, alpha: float) -> str:
    """Say what a line shows: `better`, `worse`, `no clear change`, or `not tested` without a p value.

    >>> verdict(ComparedTask("hidden", 400, 0.50, 0.56, 0.06, (0.02, 0.10), 0.003), 0.05)
    'better'
    """
    if task.p is None or not math.isfinite(task.p) or not math.isfinite(task.difference):
        return "not tested"
    if task.p >= alpha or task.difference == 0:
        return "no clear change"
    return "better" if task.difference > 0 else "worse"


@dataclass(frozen=True)
class IntervalMark:
    """Where a difference and its interval lie on the common axis, in percent of its width from the left."""

    low: float
    point: float
    high: float


def interval_axis(tasks: Sequence[ComparedTaskLike]) -> float:
    """Half-width of an axis around 0 that holds every finite difference and interval; 1 when there is none."""
    ends = [abs(value) for task in tasks for value in (task.difference, *(task.interval or ())) if math.isfinite(value)]
    return max(ends, default=0.0) * 1.08 or 1.0


def interval_mark(task: ComparedTaskLike, half_width: float) -> IntervalMark | None:
    """Place a difference and its interval on an axis from -half_width to +half_width; None when it is no number."""
    bounds = task.interval or (task.difference, task.difference)
    values = (bounds[0], task.difference, bounds[1])
    if not all(math.isfinite(value) for value in values):
        return None
    low, point, high = (round(50 + 50 * value / half_width, 2) for value in values)
    return IntervalMark(low, point, high)
