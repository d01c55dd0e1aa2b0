"""The threshold curve as an SVG picture."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from answer_judge.threshold_curve import CurvePoint

_WIDTH, _HEIGHT, _LEFT, _TOP, _PLOT_W, _PLOT_H = 640, 360, 60, 40, 560, 260
_RIGHT, _WRONG, _INK, _GRID = "#0072b2", "#d55e00", "#333333", "#dddddd"


def curve_to_svg(curve: Sequence[CurvePoint], chosen: CurvePoint, *, title: str) -> str:
    """Return an SVG document, 640 x 360: shares of right and wrong pairs that pass, against the threshold."""
    shown = [point for point in curve if point.threshold >= 0.3]
    right = [(point.threshold, point.right_share) for point in shown]
    wrong = [(point.threshold, point.wrong_share) for point in shown]
    label = f"{chosen.threshold:.2f}: right {chosen.right_share:.1%}, wrong {chosen.wrong_share:.1%}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12" fill="{_INK}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="14">{escape(title)}</text>',
        *_grid(),
        _line(right, _RIGHT),
        _line(wrong, _WRONG),
        _line([(chosen.threshold, 0), (chosen.threshold, 1)], _INK, dashes="4 4"),
        _text(chosen.threshold - 0.01, 0.93, label, anchor="end"),
        _text(_fall_below(0.7, right) - 0.04, 0.7, "right, in other words", "end", _RIGHT),
        _text(_fall_below(0.3, wrong) + 0.01, 0.32, "wrong, but related", "start", _WRONG),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _grid() -> list[str]:
    lines: list[str] = []
    for tenth in range(0, 11, 2):
        lines += [_line([(0.3, tenth / 10), (1, tenth / 10)], _GRID), _text(0.29, tenth / 10, f"{tenth * 10} %", "end")]
    for tenth in range(3, 11):
        lines.append(_text(tenth / 10, -0.07, f"{tenth / 10:.1f}", "middle"))
    return [*lines, _text(0.65, -0.16, "threshold (a pair passes above this cosine)", "middle")]


def _fall_below(share: float, points: Sequence[tuple[float, float]]) -> float:
    return next((threshold for threshold, passed in points if passed < share), 0.3)


def _x(threshold: float) -> float:
    return _LEFT + (threshold - 0.3) / 0.7 * _PLOT_W


def _y(share: float) -> float:
    return _TOP + (1 - share) * _PLOT_H


def _line(points: Sequence[tuple[float, float]], color: str, *, dashes: str = "none") -> str:
    path = " ".join(f"{_x(threshold):.1f},{_y(share):.1f}" for threshold, share in points)
    width = 1 if color == _GRID else 2
    return (
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}" stroke-dasharray="{dashes}"/>'
    )


def _text(threshold: float, share: float, text: str, anchor: str = "start", color: str = _INK) -> str:
    at = f'x="{_x(threshold):.1f}" y="{_y(share) + 4:.1f}"'
    return f'<text {at} text-anchor="{anchor}" fill="{color}">{escape(text)}</text>'
