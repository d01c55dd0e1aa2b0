"""Pictures of maps: heat over the image, outlines of boxes, and several pictures side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from box_space import Box, Boxes, pixel_window
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap, check_same_image

HEAT_RGB = (
    (0, 29, 82),
    (67, 33, 117),
    (135, 19, 129),
    (191, 14, 122),
    (230, 54, 108),
    (255, 97, 93),
    (255, 142, 81),
    (255, 188, 87),
    (255, 232, 148),
)
"""Heat from cold to hot, blue to yellow: lightness (CIE L*) rises by about 10 a step; hues need not be told apart."""

REGION_RGB = (255, 255, 255)
"""Outline of the region: solid."""

TRUTH_RGB = (86, 180, 233)
"""Outlines of true boxes: dashed; the sky blue of Okabe and Ito, unlike any heat."""

_HALO_RGB = (0, 0, 0)


def overlay(
    image: Image.Image,
    relevance: RelevanceMap,
    *,
    box: Box | None = None,
    true_boxes: Box | Boxes | Sequence[Box] = (),
    strength: float = 0.6,
) -> Image.Image:
    """Return the image in grey under its map's heat, with a region (solid white) and true boxes (dashed blue) outlined.

    Heat is linear from the smallest value on the picture to the largest; where all are equal it is cold everywhere. The
    image turns grey so that every colour is the map's.

    Args:
        image: the map's original, any mode.
        relevance: interpolated between the middles of patches; patches on padding alone have no part in it.
        box: a region, any space of the image.
        true_boxes: one or several, any space of the image.
        strength: opacity of the heat, 0 to 1.

    Raises:
        MapError: `other_image` when the sizes differ, `bad_setting` for the strength.
        BoxError: `outside_image` for a box that does not touch the image.
    """
    check_same_image(image, relevance)
    if not 0 <= strength <= 1:
        raise MapError("bad_setting", f"strength must be 0 to 1; got {strength}.")
    heat_hw = heat_of_pixels(relevance)
    grey_hw1 = np.asarray(image.convert("RGB").convert("L"), np.float64)[..., None]
    mixed = grey_hw1 * (1 - strength) + heat_to_rgb(heat_hw) * strength
    picture = Image.fromarray(np.rint(mixed).astype(np.uint8))
    for true_box in [true_boxes] if isinstance(true_boxes, Box) else true_boxes:
        draw_box(picture, true_box, TRUTH_RGB, dashed=True)
    if box is not None:
        draw_box(picture, box)
    return picture


def heat_of_pixels(relevance: RelevanceMap) -> NDArray[np.float64]:
    """Return heat `(height, width)` of the original's pixels, 0 for the coldest patch to 1 for the hottest.

    Bilinear between the middles of patches, constant beyond the outermost; padding is cut away first.

    >>> from box_space import OriginalPixels, PatchGrid
    >>> relevance = RelevanceMap(np.array([[0.0, 8.0]]), PatchGrid(OriginalPixels(4, 1), columns=2, rows=1))
    >>> heat_of_pixels(relevance).tolist()
    [[0.0, 0.25, 0.75, 1.0]]
    """
    on_picture = relevance.covered_hw() > 0
    rows, columns = np.flatnonzero(on_picture.any(axis=1)), np.flatnonzero(on_picture.any(axis=0))
    values = relevance.values_hw[np.ix_(rows, columns)]
    spread = float(values.max() - values.min())
    heat = (values - values.min()) / spread if spread > 0 else np.zeros_like(values)
    at, original = relevance.grid.to_original, relevance.original
    across = _weights(original.width, at.scale_x, at.shift_x - 0.5, columns)
    down = _weights(original.height, at.scale_y, at.shift_y - 0.5, rows)
    return np.clip(down @ heat @ across.T, 0, 1)


def heat_to_rgb(heat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return colours `(..., 3)`, 0 to 255, of heat 0 to 1, linear between the steps of `HEAT_RGB`."""
    steps = np.linspace(0, 1, len(HEAT_RGB))
    return np.stack([np.interp(heat, steps, channel) for channel in np.transpose(HEAT_RGB)], axis=-1)


def draw_box(
    picture: Image.Image, box: Box, color_rgb: tuple[int, int, int] = REGION_RGB, *, dashed: bool = False
) -> None:
    """Draw a box's outline into an RGB picture of its original's size, a line as wide as the picture asks for.

    Args:
        picture: changed in place.
        box: any space of the image.
        color_rgb: by default that of a region; a dark line on either side sets it off.
        dashed: as true boxes are drawn.

    Raises:
        BoxError: `outside_image` when the box does not touch the image.
    """
    window, width = pixel_window(box), max(1, round(max(picture.size) / 200))
    draw = ImageDraw.Draw(picture)
    edges = (window.left, window.top, window.right - 1, window.bottom - 1)
    # A dark line inside a light one is seen on any ground.
    draw.rectangle(edges, outline=_HALO_RGB, width=2 * width)
    if dashed:
        _draw_dashes(draw, edges, color_rgb, width)
    else:
        draw.rectangle(edges, outline=color_rgb, width=width)


def side_by_side(
    pictures: Sequence[Image.Image], titles: Sequence[str] = (), *, height_px: int = 320, gap_px: int = 8
) -> Image.Image:
    """Return pictures in one row on white, scaled to one height, each under its title.

    Raises:
        MapError: `bad_setting` when there are no pictures, titles for only some, or a height or gap out of range.
    """
    if not pictures or (titles and len(titles) != len(pictures)):
        message = f"side_by_side needs pictures and a title for each or none; got {len(pictures)} and {len(titles)}."
        raise MapError("bad_setting", message)
    if height_px < 1 or gap_px < 0:
        raise MapError("bad_setting", f"height_px must be at least 1 and gap_px 0; got {height_px} and {gap_px}.")
    scaled = [_scaled(picture, height_px) for picture in pictures]
    head = 24 if titles else 0
    width = sum(picture.width for picture in scaled) + gap_px * (len(scaled) - 1)
    row, left = Image.new("RGB", (width, head + height_px), "white"), 0
    for n, picture in enumerate(scaled):
        row.paste(picture, (left, head))
        if titles:
            _draw_title(row, titles[n], left, picture.width)
        left += picture.width + gap_px
    return row


def _weights(pixels: int, scale: float, shift: float, patches: NDArray[np.intp]) -> NDArray[np.float64]:
    """How much `(pixels, n)` each patch on the picture counts for each pixel: a linear blend of two."""
    place = (np.arange(pixels) - shift) / scale - 0.5 - patches[0]
    place = np.clip(place, 0, len(patches) - 1)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(len(patches))))


def _draw_dashes(
    draw: ImageDraw.ImageDraw, edges: tuple[int, int, int, int], color_rgb: tuple[int, int, int], width: int
) -> None:
    """Dashes of four widths and gaps of three, along each edge from its left or upper end."""
    left, top, right, bottom = edges
    for x in range(left, right + 1, 7 * width):
        end = min(x + 4 * width - 1, right)
        draw.rectangle((x, top, end, min(top + width - 1, bottom)), fill=color_rgb)
        draw.rectangle((x, max(bottom - width + 1, top), end, bottom), fill=color_rgb)
    for y in range(top, bottom + 1, 7 * width):
        end = min(y + 4 * width - 1, bottom)
        draw.rectangle((left, y, min(left + width - 1, right), end), fill=color_rgb)
        draw.rectangle((max(right - width + 1, left), y, right, end), fill=color_rgb)


def _scaled(picture: Image.Image, height_px: int) -> Image.Image:
    width = max(1, round(picture.width * height_px / picture.height))
    return picture.convert("RGB").resize((width, height_px), Image.Resampling.BICUBIC)


def _draw_title(row: Image.Image, title: str, left: int, width: int) -> None:
    """Write a title over its picture, cut off where the picture ends."""
    strip = Image.new("RGB", (width, 24), "white")
    ImageDraw.Draw(strip).text((2, 4), title, fill="black", font=ImageFont.load_default(14))
    row.paste(strip, (left, 0))
