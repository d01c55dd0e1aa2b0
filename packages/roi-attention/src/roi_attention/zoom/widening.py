"""Make a small box larger about its centre, without leaving the image."""

from __future__ import annotations

from box_space import Box, OriginalPixels


def widen(box: Box, least_width: float, least_height: float) -> Box:
    """The box with at least these sides, pixels of the original; shifted inside, as large as the image at most.

    A box of any space; one that is large enough comes back as it is, in pixels.

    >>> widen(Box(0, 40, 10, 60, OriginalPixels(100, 100)), 30, 20).xyxy
    (0.0, 40.0, 30.0, 60.0)
    """
    original = box.space.original
    pixels = box.to(original)
    x0, x1 = _widened(pixels.x0, pixels.x1, least_width, original.width)
    y0, y1 = _widened(pixels.y0, pixels.y1, least_height, original.height)
    return Box(x0, y0, x1, y1, original)


def whole_box(size_wh: tuple[int, int]) -> Box:
    """The box of the whole image.

    >>> whole_box((640, 480)).xyxy
    (0.0, 0.0, 640.0, 480.0)
    """
    return Box(0, 0, *size_wh, space=OriginalPixels(*size_wh))


def _widened(low: float, high: float, least: float, limit: float) -> tuple[float, float]:
    size = min(least, limit)
    if high - low >= size or high < 0 or low > limit:
        return low, high
    start = min(max((low + high - size) / 2, 0.0), limit - size)
    return start, start + size
