"""Cut the pixels of a box out of an image: clamped to the image, never empty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from box_space.boxes import Box
from box_space.errors import BoxError
from box_space.spaces import OriginalPixels

_NOISE = 1e-6
"""Pixels: what a conversion's float noise may add before an edge is rounded outwards."""


class PixelWindow(NamedTuple):
    """Whole pixels of an image: left and top included, right and bottom not."""

    left: int
    top: int
    right: int
    bottom: int


def pixel_window(box: Box) -> PixelWindow:
    """Return the smallest window of whole original pixels that covers the box, clamped, at least 1 by 1.

    Raises:
        BoxError: `outside_image` when the box does not even touch the image.

    >>> pixel_window(Box(9.5, 20, 30.2, 700, OriginalPixels(640, 480)))
    PixelWindow(left=9, top=20, right=31, bottom=480)
    """
    pixels, size = box.to(box.space.original), box.space.original
    left, right = _whole(pixels.x0, pixels.x1, size.width, box)
    top, bottom = _whole(pixels.y0, pixels.y1, size.height, box)
    return PixelWindow(left, top, right, bottom)


def crop(image: Image.Image, box: Box | Sequence[float], *, scale: float = 1.0) -> Image.Image:
    """Return a copy of the pixels under the box, rounded outwards to whole pixels and clamped; never empty.

    Args:
        image: the original image, whose size is that of the box's original.
        box: a box of any space, or four numbers in pixels of `image`, as rows store them.
        scale: grows the box about its centre first; 1.5 shows a quarter of its size around it.

    Raises:
        BoxError: `other_image` when sizes differ, `outside_image` when the box does not touch the image, or what `Box`
            refuses.

    >>> crop(Image.new("RGB", (640, 480)), [600, 10, 700, 10.5]).size
    (40, 1)
    """
    original = OriginalPixels(*image.size)
    if not isinstance(box, Box):
        box = _box_of_numbers(box, original)
    if box.space.original != original:
        raise BoxError("other_image", f"the box is of {box.space.original}, but the image is {original}.")
    return image.crop(pixel_window(box.grown(scale)))


def _box_of_numbers(numbers: Sequence[float], original: OriginalPixels) -> Box:
    if len(numbers) != 4:
        raise BoxError("bad_shape", f"a box needs four numbers; got {len(numbers)}.")
    return Box(*numbers, space=original)


def _whole(low: float, high: float, limit: int, box: Box) -> tuple[int, int]:
    if low > limit or high < 0:
        raise BoxError("outside_image", f"the box must touch the image; got {box.xyxy} in {box.space}.")
    first = min(max(math.floor(low + _NOISE), 0), limit - 1)
    last = min(max(math.ceil(high - _NOISE), 0), limit)
    return first, max(last, first + 1)
