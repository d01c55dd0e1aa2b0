"""The training curve as a picture: SVG, without a plotting library."""

from __future__ import annotations

from collections.abc import Sequence

_WIDE, _HIGH, _LEFT, _FOOT = 720, 240, 40, 24
_TOP_NATS = 4.0


def curve_svg(steps: Sequence[int], losses: Sequence[float], marks: Sequence[tuple[int, str]] = ()) -> str:
    """Draws losses (nats a token) over steps, cut at 4 nats, with labelled vertical marks.

    >>> curve_svg([0, 1], [2.0, 1.0]).startswith("<svg")
    True
    """
    last = max(steps)

    def x(step: float) -> float:
        return _LEFT + (_WIDE - _LEFT) * step / last

    def y(loss: float) -> float:
        return (_HIGH - _FOOT) * (1 - min(loss, _TOP_NATS) / _TOP_NATS)

    points = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(steps, losses, strict=True))
    gray = 'fill="#777" font-family="sans-serif" font-size="12"'
    grid = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDE}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="#ccc"/>'
        f'<text x="4" y="{y(v) + 4:.1f}" {gray}>{v}</text>'
        for v in range(int(_TOP_NATS))
    )
    lines = "".join(
        f'<line x1="{x(s):.1f}" x2="{x(s):.1f}" y1="0" y2="{_HIGH - _FOOT}" stroke="#999" stroke-dasharray="4"/>'
        f'<text x="{x(s) + 4:.1f}" y="14" {gray}>{label}</text>'
        for s, label in marks
    )
    foot = "".join(
        f'<text x="{x(last * k / 4) - 30:.1f}" y="{_HIGH - 6}" {gray}>{last * k // 4}</text>' for k in range(1, 5)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" height="{_HIGH}">'
        f'<rect width="100%" height="100%" fill="white"/>{grid}{lines}{foot}'
        f'<polyline points="{points}" fill="none" stroke="#2458c8" stroke-width="1.5"/></svg>\n'
    )
