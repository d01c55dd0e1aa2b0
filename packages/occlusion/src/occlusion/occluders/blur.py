"""Hide an object by blurring it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np
from PIL import Image, ImageFilter

from occlusion.errors import OcclusionError
from occlusion.objects import Mask, Pixels
from occlusion.occluders.mask_occluder import MaskOccluder
from occlusion.occluders.regions import Region

SMALLEST_RADIUS_PX = 2.0
"""No blur is weaker than this, however small the object."""


@dataclass(frozen=True, kw_only=True)
class BlurOccluder(MaskOccluder):
    """Blurs the mask; what is around bleeds into it.

    A weak blur leaves an object recognisable; `find_leaks` says whether its pixels changed.
    """

    radius_share: float = 0.25
    """Standard deviation of the Gaussian (Pillow's, of box blurs), as a share of the shorter side of the box."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (isfinite(self.radius_share) and self.radius_share > 0):
            raise OcclusionError("bad_option", f"radius_share must be above 0; got {self.radius_share}.")

    def _paint(self, before: Pixels, region: Region, masks: Sequence[Mask]) -> Pixels:
        radius = max(self.radius_share * region.short_px, SMALLEST_RADIUS_PX)
        height, width = before.shape[:2]
        left, top, right, bottom = region.widened(ceil(3 * radius), (width, height))
        around = Image.fromarray(np.ascontiguousarray(before[top:bottom, left:right]))
        blurred = np.asarray(around.filter(ImageFilter.GaussianBlur(radius)))
        rows, columns = region.inside_hw.shape
        return blurred[region.top - top :, region.left - left :][:rows, :columns]
