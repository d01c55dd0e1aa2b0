"""Hide an object behind one colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from occlusion.errors import OcclusionError
from occlusion.objects import Mask, Pixels
from occlusion.occluders.dilation import dilate_mask
from occlusion.occluders.mask_occluder import MaskOccluder
from occlusion.occluders.regions import Region
from occlusion.patches import IMAGENET_MEAN_RGB

CONTEXT: Literal["context"] = "context"
"""Fill with the mean colour around the object."""

_RING_SHARE, _RING_LEAST_PX = 0.1, 2


@dataclass(frozen=True, kw_only=True)
class FillOccluder(MaskOccluder):
    """Fills the mask; its outline stays visible, unless the margin or a mask that is a box hides it.

    >>> gray = np.full((8, 8, 3), 50, np.uint8)
    >>> mask = np.zeros((8, 8), bool)
    >>> mask[2:5, 2:5] = True
    >>> hidden = FillOccluder(fill=(9, 9, 9), dilate_px=1)(gray, mask, (2, 2, 5, 5), seed=0)
    >>> int((hidden.image[..., 0] == 9).sum())
    25
    """

    fill: tuple[int, int, int] | Literal["context"] = IMAGENET_MEAN_RGB
    """RGB colour, or `context`: the mean of a ring around each object, of pixels that no mask hides. The ring is a
    tenth of the shorter side of the box wide, at least 2 px; a call raises `no_context` where an object has none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fill != CONTEXT and not _is_color(self.fill):
            raise OcclusionError(
                "bad_option", f"fill must be three numbers of 0 to 255, or 'context'; got {self.fill!r}."
            )

    def _paint(self, before: Pixels, region: Region, masks: Sequence[Mask]) -> Pixels:
        if isinstance(self.fill, tuple):
            return np.array(self.fill, np.uint8)
        return _mean_around(before, region, ~np.logical_or.reduce([mask != 0 for mask in masks]))


def _mean_around(before: Pixels, region: Region, visible_hw: NDArray[np.bool_]) -> Pixels:
    reach = max(ceil(_RING_SHARE * region.short_px), _RING_LEAST_PX)
    height, width = visible_hw.shape
    left, top, right, bottom = region.widened(reach, (width, height))
    inside = np.zeros((bottom - top, right - left), bool)
    inside[region.top - top :, region.left - left :][: region.inside_hw.shape[0], : region.inside_hw.shape[1]] = (
        region.inside_hw
    )
    ring = dilate_mask(inside, reach) & ~inside & visible_hw[top:bottom, left:right]
    if not ring.any():
        raise OcclusionError(
            "no_context", f"fill 'context' needs visible pixels within {reach} px of the mask; got none."
        )
    return np.rint(before[top:bottom, left:right][ring].mean(axis=0)).astype(np.uint8)


def _is_color(fill: Any) -> bool:
    return isinstance(fill, tuple) and len(fill) == 3 and all(isinstance(v, int) and 0 <= v <= 255 for v in fill)
