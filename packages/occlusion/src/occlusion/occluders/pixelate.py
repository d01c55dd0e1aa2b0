"""Hide an object behind a mosaic of its own mean colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from occlusion.errors import OcclusionError
from occlusion.objects import Mask, Pixels
from occlusion.occluders.mask_occluder import MaskOccluder
from occlusion.occluders.regions import Region, share_px


@dataclass(frozen=True, kw_only=True)
class PixelateOccluder(MaskOccluder):
    """Replaces the mask by blocks, each of one colour: the mean of all pixels in the block, the context's included.

    `Occlusion.patch_px` is the side of a block. The weakest of the occluders: an object of few colours keeps them.
    `find_leaks` says whether its pixels changed.
    """

    block_share: float = 1 / 3
    """Side of a block, as a share of the shorter side of the box; at least 4 px. A third is that of the patches."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (isfinite(self.block_share) and self.block_share > 0):
            raise OcclusionError("bad_option", f"block_share must be above 0; got {self.block_share}.")

    @property
    def _patch_share(self) -> float:
        return self.block_share

    def _paint(self, before: Pixels, region: Region, masks: Sequence[Mask]) -> Pixels:
        side = share_px(region, self.block_share)
        crop = before[region.rows_columns]
        height, width = crop.shape[:2]
        rows, columns = np.arange(0, height, side), np.arange(0, width, side)
        sums = np.add.reduceat(np.add.reduceat(crop, rows, axis=0, dtype=np.int64), columns, axis=1)
        # The last blocks are cut by the edge.
        heights, widths = np.diff(rows, append=height), np.diff(columns, append=width)
        means = np.rint(sums / (heights[:, None] * widths)[..., None]).astype(np.uint8)
        return means.repeat(heights, axis=0).repeat(widths, axis=1)
