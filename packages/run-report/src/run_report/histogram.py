"""How often a model was right: a histogram of counts, one series per model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from run_report.axes import Axis, round_step
from run_report.errors import RunReportError

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 260, 46, 8, 12, 44


@dataclass(frozen=True)
class Histogram:
    """Bars of counts for the whole numbers 0, 1, 2..., one colour per series."""

    series: Mapping[str, Sequence[int]]
    """Name of the series -> counts; element k counts the instances with k right. All of one length."""
    title: str = "How often the model was right"
    """Heading of the section."""
    note: str = ""
    """A sentence under the heading."""
    x_label: str = "trials right"
    """What the bars stand for."""
    y_label: str = "instances"
    """What is counted."""
    highlight: tuple[int, int] | None = None
    """First and last bar, inclusive, of a shaded range."""
    highlight_label: str = ""
    """What the shaded range means."""


def count_right(right: Iterable[int], of: int = 16) -> tuple[int, ...]:
    """Count the instances with 0, 1, ..., `of` right trials: of + 1 numbers.

    Raises:
        RunReportError: when a count of right trials is below 0 or above `of`.

    >>> count_right([0, 2, 2, 1], of=3)
    (1, 1, 2, 0)
    """
    counts = [0] * (of + 1)
    for value in right:
        if not 0 <= value <= of:
            raise RunReportError(f"right trials must lie in 0 to {of} (trials per instance); got {value}.")
        counts[value] += 1
    return tuple(counts)


@dataclass(frozen=True)
class Bar:
    """A rectangle of the drawing with what it stands for."""

    x: float
    y: float
    width: float
    height: float
    series: int
    """Index of its series."""
    value: int
    """Bar position on the x axis."""
    count: int


@dataclass(frozen=True)
class HistogramDrawing:
    """Everything that the template needs, in SVG user units."""

    bars: list[Bar]
    x_ticks: list[tuple[float, int]]
    y_ticks: list[tuple[float, float]]
    shade: tuple[float, float] | None
    """Left edge and width of the shaded range."""


def draw_histogram(histogram: Histogram) -> HistogramDrawing:
    """Lay out the bars.

    Raises:
        RunReportError: when the series differ in length or are empty.
    """
    lengths = {len(counts) for counts in histogram.series.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise RunReportError(f"series must all have one length of at least 1; got lengths {sorted(lengths)}.")
    n_bars = lengths.pop()
    step = (WIDTH - LEFT - RIGHT) / n_bars
    highest = [float(count) for counts in histogram.series.values() for count in counts]
    top = round_step(max([*highest, 1.0]) / 4)
    y_axis = Axis(0.0, math.ceil(max([*highest, 1.0]) / top) * top, HEIGHT - BOTTOM, TOP + 6)
    bars = [
        _bar(y_axis, step, len(histogram.series), index, value, count)
        for index, counts in enumerate(histogram.series.values())
        for value, count in enumerate(counts)
    ]
    every = -(-n_bars // 20)
    x_ticks = [(round(LEFT + (value + 0.5) * step, 1), value) for value in range(0, n_bars, every)]
    whole = [(y_axis.place(tick), tick) for tick in y_axis.ticks(4) if float(tick).is_integer()]
    return HistogramDrawing(bars, x_ticks, whole, _shade(histogram.highlight, step, n_bars))


def _bar(y_axis: Axis, step: float, n_series: int, series: int, value: int, count: int) -> Bar:
    width = step * 0.78 / n_series
    x = LEFT + value * step + step * 0.11 + series * width
    y = y_axis.place(count)
    return Bar(round(x, 1), y, round(max(width - 1, 0.5), 1), round(HEIGHT - BOTTOM - y, 1), series, value, count)


def _shade(highlight: tuple[int, int] | None, step: float, n_bars: int) -> tuple[float, float] | None:
    if highlight is None:
        return None
    first, last = max(highlight[0], 0), min(highlight[1], n_bars - 1)
    return round(LEFT + first * step, 1), round((last - first + 1) * step, 1)
