"""Arithmetic of a box's four numbers, whatever they count: shares, pixels or steps of a grid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Number = TypeVar("Number", int, float)


def area(box: tuple[Number, Number, Number, Number]) -> Number:
    """Width times height, in the box's unit squared; of whole numbers a whole number, so that equal areas are equal.

    >>> area((2, 3, 5, 7)), area((0.25, 0.5, 0.75, 1.0))
    (12, 0.25)
    """
    return (box[2] - box[0]) * (box[3] - box[1])


def around(boxes: Iterable[tuple[Number, Number, Number, Number]]) -> tuple[Number, Number, Number, Number]:
    """The smallest box around all of them; there must be one.

    >>> around([(0, 5, 10, 10), (-5, 7, 3, 20)])
    (-5, 5, 10, 20)
    """
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)
