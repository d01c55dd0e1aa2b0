"""Hide an object of a picture behind gray squares, and nothing else of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from occlusion.errors import OcclusionError
from occlusion.objects import ImageT, Mask, Occlusion, Pixels, Place, masks_and_boxes, place_of, size_wh_of

IMAGENET_MEAN_RGB = (123, 116, 103)
"""The fill colour of the method: the mean of ImageNet, rounded."""

SMALLEST_PATCH_PX = 4
"""No square is smaller than this, however small the object."""

MOST_WALKS = 64
"""Walks that `min_covered_share` may take."""


def patch_side_px(box_xyxy_px: Sequence[float] | NDArray[Any], *, size_wh: tuple[int, int]) -> int:
    """Return the side of the squares that hide a box: a third of its shorter side inside the image, at least 4 px.

    Raises:
        OcclusionError: `bad_box` (not four finite numbers, or x0 >= x1), `box_outside` (nothing of it is in the image).

    >>> patch_side_px([10, 20, 110, 320], size_wh=(640, 480))
    33
    """
    return _patch_px(place_of(box_xyxy_px, size_wh))


def occlude(
    image: ImageT,
    mask_hw: Mask | Sequence[Mask],
    box_xyxy_px: Sequence[float] | Sequence[Sequence[float]] | NDArray[Any],
    *,
    seed: int,
    fill_rgb: tuple[int, int, int] = IMAGENET_MEAN_RGB,
    min_covered_share: float = 0.0,
    in_place: bool = False,
) -> Occlusion[ImageT]:
    """Cover an object with filled squares at random points of its mask; the same arguments give the same picture.

    The object is the part of the mask inside the box. It is walked row by row on a grid of `isqrt(patch)` px. Before
    each hit a uniform number of 0 to `patch` points of the object is passed over; the next one is the centre of a
    square. A tiny object may so get few squares or none: read `covered_share`, or ask for a `min_covered_share`.

    Args:
        image: RGB picture, or uint8 array `(H, W, 3)`. It is not changed, unless `in_place`.
        mask_hw: array `(H, W)`, non-zero on the object; or a list of K of them, or an array `(K, H, W)`.
        box_xyxy_px: `(x0, y0, x1, y1)` in pixels of the image, or one for each mask; clipped to the image.
        seed: not negative. The k-th object draws from its own stream `(seed, k)`, whatever the other objects are.
        fill_rgb: colour of the squares.
        min_covered_share: walk again, with further draws of the same streams, until this share of the masks is covered;
            0 is one walk, as published.
        in_place: paint on `image` itself; for a freshly decoded picture that is not needed again. Saves the copy, a
            third of the time for a small object.

    Raises:
        OcclusionError: `bad_image`, `bad_mask` (wrong shape), `empty_mask`, `bad_box`, `box_outside`, `bad_seed`,
            `uncovered` (`min_covered_share` not reached in 64 walks).

    Source: CVC (arXiv 2508.04453), the occlusion step; there one global random stream makes a picture depend on those
    before it.

    >>> gray = np.zeros((64, 64, 3), np.uint8)
    >>> mask = np.zeros((64, 64), bool)
    >>> mask[16:48, 16:48] = True
    >>> hidden = occlude(gray, mask, (16, 16, 48, 48), seed=0)
    >>> hidden.patch_px, hidden.image.shape, hidden.covered_share > 0.5
    (10, (64, 64, 3), True)
    """
    if seed < 0:
        raise OcclusionError("bad_seed", f"seed must be 0 or more; got {seed}.")
    size_wh = size_wh_of(image)
    masks, boxes = masks_and_boxes(mask_hw, box_xyxy_px, size_wh)
    places = [place_of(box, size_wh) for box in boxes]
    centers, squares, covered_share = _walk_until(min_covered_share, masks, places, seed, size_wh)
    picture = image if in_place else image.copy()
    _paint(picture, squares, fill_rgb)
    centers_xy = np.array(centers, np.int64).reshape(-1, 2)
    return Occlusion(picture, max(map(_patch_px, places)), covered_share, centers_xy)


_Center = tuple[int, int]
_Square = tuple[int, int, int, int]


def _walk_until(
    min_covered_share: float, masks: Sequence[Mask], places: Sequence[Place], seed: int, size_wh: tuple[int, int]
) -> tuple[list[_Center], list[_Square], float]:
    """Centres, squares and covered share of as many walks as the share takes, at least one."""
    streams = [np.random.default_rng((seed, k)) for k in range(len(places))]
    centers: list[_Center] = []
    squares: list[_Square] = []
    covered_share = 0.0
    for _ in range(MOST_WALKS):
        for mask, place, stream in zip(masks, places, streams, strict=True):
            at = _walk(mask, place, stream)
            centers += at
            squares += _squares(at, place, size_wh)
        covered_share = _covered_share(masks, places, squares)
        if covered_share >= min_covered_share:
            return centers, squares, covered_share
    raise OcclusionError(
        "uncovered", f"{MOST_WALKS} walks covered {covered_share:.2f} of the mask; {min_covered_share} was asked for."
    )


def _patch_px(place: Place) -> int:
    return max(int(place.short_px / 3), SMALLEST_PATCH_PX)


def _walk(mask: Mask, place: Place, rng: np.random.Generator) -> list[_Center]:
    """The centres; all gaps are drawn at once, as many as there are points, and their running sum says who is hit."""
    left, top, right, bottom, _ = place
    patch = _patch_px(place)
    step = isqrt(patch)
    # The grid is that of the whole image (multiples of the step), so that a walk over the image meets the same points.
    left, top = -(-left // step) * step, -(-top // step) * step
    grid = mask[top:bottom:step, left:right:step]
    inside = grid.ravel().nonzero()[0]
    hits = rng.integers(1, patch + 2, inside.size).cumsum()
    chosen = inside[hits[: hits.searchsorted(inside.size, "right")] - 1].tolist()
    columns = grid.shape[1]
    return [(left + at % columns * step, top + at // columns * step) for at in chosen]


def _squares(centers: list[_Center], place: Place, size_wh: tuple[int, int]) -> list[_Square]:
    """Corners of the squares, the last ones not included, clipped to the image."""
    # Plain numbers: for a score of squares they are faster than small arrays.
    width, height = size_wh
    reach = _patch_px(place) // 2
    past = reach + 1
    return [
        (
            x - reach if x > reach else 0,
            y - reach if y > reach else 0,
            x + past if x + past < width else width,
            y + past if y + past < height else height,
        )
        for x, y in centers
    ]


def _paint(picture: Image.Image | Pixels, squares: list[_Square], fill_rgb: tuple[int, int, int]) -> None:
    if isinstance(picture, Image.Image):
        for x0, y0, x1, y1 in squares:
            picture.paste(fill_rgb, (x0, y0, x1, y1))
    elif picture.flags.c_contiguous:
        # Rows of bytes instead of triples: a square is then a few plain memory copies.
        bytes_hw = picture.reshape(len(picture), -1)
        line = np.frombuffer(bytes(fill_rgb) * picture.shape[1], np.uint8)
        for x0, y0, x1, y1 in squares:
            bytes_hw[y0:y1, 3 * x0 : 3 * x1] = line[3 * x0 : 3 * x1]
    else:
        for x0, y0, x1, y1 in squares:
            picture[y0:y1, x0:x1] = fill_rgb


def _covered_share(masks: Sequence[Mask], places: Sequence[Place], squares: list[_Square]) -> float:
    left, top, right, bottom = _hull(places)
    cover = np.zeros((bottom - top, right - left), bool)
    for x0, y0, x1, y1 in squares:
        cover[y0 - top if y0 > top else 0 : y1 - top, x0 - left if x0 > left else 0 : x1 - left] = True
    objects = _objects(masks, places)
    total = int(np.count_nonzero(objects))
    if total == 0:
        raise OcclusionError("empty_mask", "mask_hw must be non-zero on the object, inside its box; got no such pixel.")
    return int(np.count_nonzero(objects & cover)) / total


def _objects(masks: Sequence[Mask], places: Sequence[Place]) -> NDArray[np.bool_]:
    """What the boxes hold of the masks, cut to the smallest rectangle around all the boxes."""
    left, top, right, bottom = _hull(places)
    if len(places) == 1:
        return masks[0][top:bottom, left:right].astype(bool, copy=False)
    objects = np.zeros((bottom - top, right - left), bool)
    for mask, (x0, y0, x1, y1, _) in zip(masks, places, strict=True):
        objects[y0 - top : y1 - top, x0 - left : x1 - left] |= mask[y0:y1, x0:x1] != 0
    return objects


def _hull(places: Sequence[Place]) -> tuple[int, int, int, int]:
    if len(places) == 1:
        return places[0][:4]
    lefts, tops, rights, bottoms, _ = zip(*places, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
