"""Squares of Chain-of-Spot's published annotations, and boxes."""

from __future__ import annotations

import math
from typing import NamedTuple

from box_space import Box, OriginalPixels, pixel_window

from roi_attention.errors import ZoomError


class Square(NamedTuple):
    """A square of pixels of the unpadded original, as `params` has it."""

    top: float
    left: float
    side: float


def box_to_square(box: Box) -> Square:
    """The smallest square of whole pixels around a box, shifted inside; cut off by its reader where it cannot fit.

    Raises:
        box_space.BoxError: `outside_image` when the box does not touch the image.

    >>> box_to_square(Box(600, 100, 640, 200, OriginalPixels(640, 480)))
    Square(top=100, left=540, side=100)
    """
    original, (left, top, right, bottom) = box.space.original, pixel_window(box)
    width, height = right - left, bottom - top
    side = max(width, height)
    left = max(min(left - (side - width) // 2, original.width - side), 0)
    top = max(min(top - (side - height) // 2, original.height - side), 0)
    return Square(top, left, side)


def square_to_box(square: Square, size_wh: tuple[int, int]) -> Box:
    """The box of a square, its right and bottom edges cut off at the image's, as the published code does.

    Raises:
        ZoomError: `square` when it is not finite, starts outside the image or has no side.

    >>> square_to_box(Square(0, 0, 640), (640, 480)).xyxy
    (0.0, 0.0, 640.0, 480.0)
    """
    (top, left, side), (width, height) = square, size_wh
    is_finite = all(map(math.isfinite, square))
    if not (is_finite and 0 <= left < width and 0 <= top < height and side > 0):
        raise ZoomError("square", f"a square must start inside its {width} x {height} image; got {square}.")
    return Box(left, top, min(left + side, width), min(top + side, height), OriginalPixels(width, height))
