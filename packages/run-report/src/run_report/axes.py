"""Round ticks and the mapping from data to the drawing, shared by every chart."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """A linear scale from data values to positions in a drawing (SVG user units, y downwards)."""

    low: float
    """Data value at `start`."""
    high: float
    """Data value at `end`; above `low`."""
    start: float
    """Position of `low`."""
    end: float
    """Position of `high`."""

    def place(self, value: float) -> float:
        """Position of a data value, to a tenth of a unit.

        >>> Axis(0, 10, 40, 640).place(5)
        340.0
        """
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, about: int = 5) -> list[float]:
        """Round values inside the axis.

        >>> Axis(0, 10, 0, 1).ticks()
        [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        """
        step = round_step((self.high - self.low) / about)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(index * step, 12) for index in range(first, last + 1)]


def round_step(rough: float) -> float:
    """Find the smallest of 1, 2, 5 times a power of ten that is at least `rough`.

    >>> round_step(3.2), round_step(0.011), round_step(70)
    (5.0, 0.02, 100.0)
    """
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1.0, 2.0, 5.0) if rough <= factor * power * (1 + 1e-9)), 10.0 * power)


def axis_over(values: list[float], start: float, end: float) -> Axis:
    """Make an axis that holds all values; equal values or none at all get a unit of room.

    >>> axis_over([3.0, 3.0], 0, 100)
    Axis(low=2.5, high=3.5, start=0, end=100)
    """
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(high), abs(low)):
        low, high = low - max(0.5, 1e-6 * abs(low)), high + max(0.5, 1e-6 * abs(high))
    return Axis(low, high, start, end)
