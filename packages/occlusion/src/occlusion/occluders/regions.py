"""The pixels that an occluder treats, and the picture with them treated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from occlusion.errors import OcclusionError
from occlusion.objects import ImageT, Mask, Occlusion, Pixels, Place, masks_and_boxes, place_of, size_wh_of
from occlusion.occluders.dilation import Dilated, dilate_mask


@dataclass(frozen=True)
class Region:
    """The pixels of one object, with their margin."""

    left: int
    """First column of `inside_hw` in the picture."""

    top: int
    """First row."""

    inside_hw: NDArray[np.bool_]
    """The pixels to treat, cut to the smallest rectangle around them."""

    short_px: float
    """Shorter side of the object's box inside the image."""

    @property
    def rows_columns(self) -> tuple[slice, slice]:
        """The rectangle, to index a picture."""
        height, width = self.inside_hw.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def widened(self, margin_px: int, size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
        """The rectangle with a margin, inside the image: left, top, right, bottom."""
        height, width = self.inside_hw.shape
        return (
            max(self.left - margin_px, 0),
            max(self.top - margin_px, 0),
            min(self.left + width + margin_px, size_wh[0]),
            min(self.top + height + margin_px, size_wh[1]),
        )


Paint = Callable[[Pixels, Region, Sequence[Mask]], Pixels]
"""New colours of a region's rectangle, `(h, w, 3)` or one `(3,)`, from the picture as it was given and all masks."""


def treated(
    image: ImageT, mask_hw: Any, box_xyxy_px: Any, *, seed: int, margin: Dilated, paint: Paint, patch_share: float = 0.0
) -> Occlusion[ImageT]:
    """Return the picture with the regions painted, each from the picture as it was given, and nothing else changed."""
    if seed < 0:
        raise OcclusionError("bad_seed", f"seed must be 0 or more; got {seed}.")
    size_wh = size_wh_of(image)
    masks, boxes = masks_and_boxes(mask_hw, box_xyxy_px, size_wh)
    regions = _regions(masks, [place_of(box, size_wh) for box in boxes], size_wh, margin)
    before: Pixels = np.asarray(image)
    after = np.array(before, order="C")
    for region in regions:
        rectangle = after[region.rows_columns]
        np.copyto(rectangle, paint(before, region, masks), where=region.inside_hw[..., None])
    picture = Image.fromarray(after) if isinstance(image, Image.Image) else after
    patch_px = max(share_px(region, patch_share) for region in regions) if patch_share else 0
    return Occlusion(cast("ImageT", picture), patch_px, 1.0, np.zeros((0, 2), np.int64))


def share_px(region: Region, share: float, *, least: int = 4) -> int:
    """A share of the shorter side of a region's box, in whole pixels, at least 4 as the smallest patch is."""
    return max(ceil(share * region.short_px), least)


def _regions(masks: Sequence[Mask], places: Sequence[Place], size_wh: tuple[int, int], margin: Dilated) -> list[Region]:
    found = [_region(mask, place, size_wh, margin) for mask, place in zip(masks, places, strict=True)]
    regions = [region for region in found if region is not None]
    if not regions:
        raise OcclusionError("empty_mask", "mask_hw must be non-zero on the object, inside its box; got no such pixel.")
    return regions


def _region(mask: Mask, place: Place, size_wh: tuple[int, int], margin: Dilated) -> Region | None:
    inside = mask[place.top : place.bottom, place.left : place.right] != 0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return None
    top, bottom = int(rows[0]) + place.top, int(rows[-1]) + place.top + 1
    left, right = int(columns[0]) + place.left, int(columns[-1]) + place.left + 1
    tight = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    reach = margin.reach_px(place.short_px)
    if not reach:
        return Region(left, top, tight, place.short_px)
    # Room for the margin on each side, as far as the picture goes.
    room = min(reach, top), min(reach, size_wh[1] - bottom), min(reach, left), min(reach, size_wh[0] - right)
    grown = dilate_mask(np.pad(tight, (room[:2], room[2:])), reach)
    return Region(left - room[2], top - room[0], grown, place.short_px)
