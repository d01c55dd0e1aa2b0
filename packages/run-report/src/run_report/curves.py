"""Training curves as an inline drawing of our own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from run_report.axes import Axis, axis_over
from run_report.errors import RunReportError
from run_report.untrusted import to_name

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 300, 54, 12, 12, 44
MAX_POINTS = 800
"""More points than this are thinned to the lowest and highest of each stretch."""
MAX_TABLE_ROWS = 20
"""Steps in the table beside a drawing."""


@dataclass(frozen=True)
class Curve:
    """One line: values over steps."""

    name: str
    """Shown in the legend."""
    x: Sequence[float]
    """Steps, rising."""
    y: Sequence[float]
    """Values, as many as steps; NaN and infinity leave a gap."""


@dataclass(frozen=True)
class Curves:
    """Lines over a common axis."""

    curves: Sequence[Curve]
    """Up to six keep distinct colours."""
    title: str = "Training"
    """Heading of the section."""
    note: str = ""
    """A sentence under the heading."""
    x_label: str = "step"
    """What x counts."""
    y_label: str = "loss"
    """What y measures."""
    smoothing: float = 0.0
    """0 draws the values alone; 0 < s < 1 draws an exponential mean with weight s on the past over the faint values."""


@dataclass(frozen=True)
class Line:
    """SVG paths of one curve."""

    name: str
    path: str
    """The bold line."""
    faint_path: str
    """The raw values under a smoothed line, or empty."""
    last: float | None
    """Last finite value."""
    n_not_finite: int
    """Values left out because they are not finite."""


@dataclass(frozen=True)
class CurvesDrawing:
    """Everything that the template needs, in SVG user units."""

    lines: list[Line]
    x_ticks: list[tuple[float, float]]
    y_ticks: list[tuple[float, float]]
    hover: list[dict[str, object]]
    """Per line, for the pointer: its name, places of its points on the x axis (`px`), and their values (`x`, `y`)."""
    table: list[tuple[float, list[float | None]]]
    """Some steps, evenly spaced, each with the value of every curve there, None where it has none."""


def draw_curves(curves: Curves) -> CurvesDrawing:
    """Lay out the lines.

    Raises:
        RunReportError: when a curve has not as many values as steps, or `smoothing` is not in [0, 1).
    """
    if not 0 <= curves.smoothing < 1:
        raise RunReportError(f"smoothing must lie in [0, 1); got {curves.smoothing}.")
    for curve in curves.curves:
        if len(curve.x) != len(curve.y):
            raise RunReportError(
                f"curve {curve.name!r} needs as many values as steps; got {len(curve.y)} for {len(curve.x)}."
            )
    points = [_finite_points(curve) for curve in curves.curves]
    x_axis = axis_over([x for line in points for x, _ in line], LEFT, WIDTH - RIGHT)
    y_axis = axis_over([y for line in points for _, y in line], HEIGHT - BOTTOM, TOP)
    lines = [_line(curve, x_axis, y_axis, curves.smoothing) for curve in curves.curves]
    are_whole = all(x.is_integer() for line in points for x, _ in line)  # steps: half a one would be nonsense
    x_ticks = [(x_axis.place(tick), tick) for tick in x_axis.ticks(8) if tick.is_integer() or not are_whole]
    y_ticks = [(y_axis.place(tick), tick) for tick in y_axis.ticks(5)]
    hover = [_hover(curve, x_axis) for curve in curves.curves]
    return CurvesDrawing(lines, x_ticks, y_ticks, hover, _table(points))


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """Take the exponential mean, `weight` on the past, unbiased at the start; what is not finite stays as it is.

    >>> smooth([1.0, 3.0], 0.5)
    [1.0, 2.3333333333333335]
    """
    mean, mass, result = 0.0, 0.0, list[float]()
    for value in values:
        if math.isfinite(value):
            mean, mass = weight * mean + (1 - weight) * value, weight * mass + (1 - weight)
        result.append(mean / mass if math.isfinite(value) else value)
    return result


def _line(curve: Curve, x_axis: Axis, y_axis: Axis, smoothing: float) -> Line:
    bold = Curve(curve.name, curve.x, smooth(curve.y, smoothing)) if smoothing else curve
    faint_path = _path(curve, x_axis, y_axis) if smoothing else ""
    finite = _finite_points(curve)
    last = finite[-1][1] if finite else None
    return Line(curve.name, _path(bold, x_axis, y_axis), faint_path, last, len(curve.y) - len(finite))


def _finite_points(curve: Curve) -> list[tuple[float, float]]:
    return [(float(x), y) for x, y in zip(curve.x, curve.y, strict=True) if math.isfinite(x) and math.isfinite(y)]


def _path(curve: Curve, x_axis: Axis, y_axis: Axis) -> str:
    """Draw the finite points; a point that is not finite lifts the pen."""
    pieces: list[str] = []
    pen = "M"
    for x, y in _thin(list(zip(curve.x, curve.y, strict=True))):
        if not (math.isfinite(x) and math.isfinite(y)):
            pen = "M"
            continue
        pieces.append(f"{pen}{x_axis.place(x):g} {y_axis.place(y):g}")
        pen = "L"
    return "".join(pieces)


def _thin(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep the lowest and the highest point of each stretch, so that spikes survive."""
    if len(points) <= MAX_POINTS:
        return points
    size = -(-2 * len(points) // MAX_POINTS)
    kept: list[tuple[float, float]] = []
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        finite = [point for point in stretch if math.isfinite(point[1])]
        kept += sorted({min(finite, key=lambda p: p[1]), max(finite, key=lambda p: p[1])}) if finite else stretch[:1]
    return kept


def _table(lines: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, list[float | None]]]:
    """First step, last step and some between."""
    steps = sorted({x for line in lines for x, _ in line})
    last = len(steps) - 1
    chosen = sorted({index * last // max(1, MAX_TABLE_ROWS - 1) for index in range(MAX_TABLE_ROWS)}) if steps else []
    values = [dict(line) for line in lines]
    return [(steps[index], [line.get(steps[index]) for line in values]) for index in chosen]


def _hover(curve: Curve, x_axis: Axis) -> dict[str, object]:
    points = _thin(_finite_points(curve))
    return {
        "name": to_name(curve.name),
        "px": [x_axis.place(x) for x, _ in points],
        "x": [float(f"{x:.6g}") for x, _ in points],
        "y": [float(f"{y:.4g}") for _, y in points],
    }
