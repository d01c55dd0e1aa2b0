"""Hide an object behind a mosaic of its own mean colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from occlusion.errors import OcclusionError
from occlusion.objects import ImageT, Mask, Occlusion, Pixels
from occlusion.occluders.dilation import Dilated
from occlusion.occluders.regions import Region, share_px, treated


@dataclass(frozen=True, kw_only=True)
class PixelateOccluder(Dilated):
    """Replaces the mask by blocks, each of one colour: the mean of all pixels in the block, the context's included.

    The weakest of the occluders: an object of few colours keeps them. `find_leaks` says whether its pixels changed.
    """

    block_share: float = 1 / 3
    """Side of a block, as a share of the shorter side of the box; at least 4 px. A third is that of the patches."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (isfinite(self.block_share) and self.block_share > 0):
            raise OcclusionError("bad_option", f"block_share must be above 0; got {self.block_share}.")

    def __call__(
        self,
        image: ImageT,
        mask_hw: Mask | Sequence[Mask],
        box_xyxy_px: Sequence[float] | Sequence[Sequence[float]] | NDArray[Any],
        *,
        seed: int,
    ) -> Occlusion[ImageT]:
        """Pixelate the objects, as `Occluder` says; `patch_px` is the side of a block, and `seed` is ignored."""
        return treated(
            image, mask_hw, box_xyxy_px, seed=seed, margin=self, paint=self._blocks, patch_share=self.block_share
        )

    def _blocks(self, before: Pixels, region: Region) -> Pixels:
        side = share_px(region, self.block_share)
        crop = before[region.rows_columns]
        height, width = crop.shape[:2]
        rows, columns = np.arange(0, height, side), np.arange(0, width, side)
        sums = np.add.reduceat(np.add.reduceat(crop, rows, axis=0, dtype=np.int64), columns, axis=1)
        # The last blocks are cut by the edge.
        heights, widths = np.diff(rows, append=height), np.diff(columns, append=width)
        means = np.rint(sums / (heights[:, None] * widths)[..., None]).astype(np.uint8)
        return means.repeat(heights, axis=0).repeat(widths, axis=1)
