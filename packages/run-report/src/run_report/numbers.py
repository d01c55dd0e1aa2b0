"""Numbers as a reader wants them; what is not a number is shown as a dash, never as `nan`."""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = "–"
"""What stands where there is no value."""


def format_number(value: float | None, digits: int = 3) -> str:
    """Show a number with at most `digits` significant digits, whole numbers in full with thin spaces.

    >>> format_number(12345), format_number(0.12345), format_number(float("nan")), format_number(-math.inf)
    ('12\\u202f345', '0.123', '–', '−∞')
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return _with_minus(f"{int(value):,}".replace(",", "\u202f"))
    return _with_minus(f"{value:.{digits}g}")


def format_percent(share: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """Show a share of 1 as a percentage without the sign `%`.

    >>> format_percent(0.4567), format_percent(0.05, signed=True), format_percent(-0.05, signed=True)
    ('45.7', '+5.0', '−5.0')
    """
    if share is None or not math.isfinite(share):
        return format_number(share)
    return _with_minus(f"{100 * share:{'+' if signed else ''}.{digits}f}")


def format_interval(bounds: Sequence[float] | None, *, as_percent: bool = True, signed: bool = False) -> str:
    """Show an interval as `low to high`.

    >>> format_interval((0.41, 0.5)), format_interval(None)
    ('41.0 to 50.0', '–')
    """
    if bounds is None or any(not math.isfinite(bound) for bound in bounds):
        return MISSING
    low, high = (
        format_percent(bound, signed=signed) if as_percent else format_signed(bound, signed=signed) for bound in bounds
    )
    return f"{low} to {high}"


def format_signed(value: float | None, *, signed: bool = True) -> str:
    """Show a number with its sign, when asked.

    >>> format_signed(0.25), format_signed(-2.0), format_signed(0.25, signed=False)
    ('+0.25', '−2', '0.25')
    """
    plus = "+" if signed and value is not None and value > 0 else ""
    return plus + format_number(value)


def format_p(p: float | None) -> str:
    """Show a p value: three decimals, and `< 0.001` below that.

    >>> format_p(0.04321), format_p(1e-9), format_p(float("nan"))
    ('0.043', '< 0.001', '–')
    """
    if p is None or not math.isfinite(p):
        return MISSING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def format_seconds(seconds: float | None) -> str:
    """Show a duration in the unit that fits.

    >>> format_seconds(0.1234), format_seconds(75), format_seconds(7260)
    ('0.12 s', '1 min 15 s', '2 h 01 min')
    """
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest_s = divmod(round(seconds), 60)
    return f"{minutes} min {rest_s:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _with_minus(text: str) -> str:
    """Use the typographic minus sign, and no sign at all for what rounds to zero."""
    shows_zero = not any(digit in text for digit in "123456789")
    return text.lstrip("+-") if shows_zero else text.replace("-", "−", 1) if text.startswith("-") else text
