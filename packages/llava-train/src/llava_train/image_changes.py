"""Changes of images with Pillow alone; each keeps the size, so that a row keeps its number of image tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageEnhance, ImageFilter, ImageOps, ImageStat

_BILINEAR = Image.Resampling.BILINEAR
Corners = Sequence[tuple[float, float]]
"""Upper left, upper right, lower right, lower left, in px."""


def flip(image: Image.Image, *, horizontally: bool) -> Image.Image:
    """Mirror left and right, or top and bottom."""
    return ImageOps.mirror(image) if horizontally else ImageOps.flip(image)


def move(
    image: Image.Image, *, turn_deg: float, shift_wh: tuple[float, float], zoom: float, is_black: bool
) -> Image.Image:
    """Turn about the middle (counter-clockwise), zoom, then shift by parts of width and height (right, down).

    What comes in from outside is black or has the image's mean colour.
    """
    width, height = image.size
    middle_x, middle_y = width / 2, height / 2
    cos, sin = math.cos(math.radians(turn_deg)) / zoom, math.sin(math.radians(turn_deg)) / zoom
    x0, y0 = middle_x + shift_wh[0] * width, middle_y + shift_wh[1] * height
    # Pillow wants the way back: where in the old image each new pixel lies
    matrix = (cos, -sin, middle_x - cos * x0 + sin * y0, sin, cos, middle_y - sin * x0 - cos * y0)
    fill = _fill(image, is_black=is_black)
    return image.transform(image.size, Image.Transform.AFFINE, matrix, _BILINEAR, fillcolor=fill)


def crop(image: Image.Image, *, area_share: float, offset_wh: tuple[float, float]) -> Image.Image:
    """Cut out a part of the image's own shape, and enlarge it to the old size.

    Args:
        image: to cut.
        area_share: of the part, above 0 and up to 1.
        offset_wh: where it lies, 0 (left, upper edge) to 1.
    """
    side = math.sqrt(area_share)
    width, height = image.size[0] * side, image.size[1] * side
    x0, y0 = offset_wh[0] * (image.size[0] - width), offset_wh[1] * (image.size[1] - height)
    return image.resize(image.size, _BILINEAR, box=(x0, y0, x0 + width, y0 + height))


def adjust(image: Image.Image, *, brightness: float, contrast: float, saturation: float) -> Image.Image:
    """Multiply brightness, contrast and saturation, in this order; 1 leaves each."""
    enhancers = (
        (ImageEnhance.Brightness, brightness), (ImageEnhance.Contrast, contrast), (ImageEnhance.Color, saturation),
    )  # fmt: skip
    for enhancer, factor in enhancers:
        image = image if factor == 1 else enhancer(image).enhance(factor)
    return image


def blur(image: Image.Image, *, sigma_px: float) -> Image.Image:
    """Gaussian blur."""
    return image.filter(ImageFilter.GaussianBlur(sigma_px))


def put_corners(image: Image.Image, corners_xy_px: Corners, *, is_black: bool) -> Image.Image:
    """Perspective view in which the image's corners lie at the given places."""
    fill = _fill(image, is_black=is_black)
    way_back = back_from_corners(corners_xy_px, image.size)
    return image.transform(image.size, Image.Transform.PERSPECTIVE, way_back, _BILINEAR, fillcolor=fill)


def back_from_corners(corners_xy_px: Corners, size_wh: tuple[int, int]) -> tuple[float, ...]:
    """Eight numbers (a to h) with which (a x + b y + c, d x + e y + f) / (g x + h y + 1) is where (x, y) came from.

    Source: Heckbert, Fundamentals of Texture Mapping and Image Warping (1989), section 2.2.3, square to quadrilateral,
    inverted.

    >>> back_from_corners([(0, 0), (8, 0), (8, 4), (0, 4)], (8, 4))[:3]
    (1.0, 0.0, 0.0)
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners_xy_px
    dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    det = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det
    a, b, c = x1 - x0 + g * x1, x3 - x0 + h * x3, x0
    d, e, f = y1 - y0 + g * y1, y3 - y0 + h * y3, y0
    width, height = size_wh
    to_square = (
        (e - f * h) * width, (c * h - b) * width, (b * f - c * e) * width,
        (f * g - d) * height, (a - c * g) * height, (c * d - a * f) * height,
        d * h - e * g, b * g - a * h, a * e - b * d,
    )  # fmt: skip
    return tuple(value / to_square[8] + 0.0 for value in to_square[:8])


def _fill(image: Image.Image, *, is_black: bool) -> tuple[int, ...]:
    return (0, 0, 0) if is_black else tuple(round(value) for value in ImageStat.Stat(image).mean)
