"""Hide an object behind the published squares, as an occluder with options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from occlusion.errors import OcclusionError
from occlusion.objects import ImageT, Mask, Occlusion, masks_and_boxes, place_of, size_wh_of
from occlusion.occluders.dilation import Dilated, dilate_mask
from occlusion.patches import IMAGENET_MEAN_RGB, occlude


@dataclass(frozen=True, kw_only=True)
class PatchOccluder(Dilated):
    """Covers the mask with squares at random points, by `occlude`.

    With a margin the object is taken to be that much larger: mask and box grow, and `covered_share` counts the grown
    mask. Without one, the result is that of `occlude`, byte for byte.
    """

    fill_rgb: tuple[int, int, int] = IMAGENET_MEAN_RGB
    """Colour of the squares."""

    min_covered_share: float = 0.0
    """Walk again until this share is covered; 0 is one walk, as published."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.min_covered_share <= 1:
            got = self.min_covered_share
            raise OcclusionError("bad_option", f"min_covered_share must be 0 to 1; got {got}.")

    def __call__(
        self,
        image: ImageT,
        mask_hw: Mask | Sequence[Mask],
        box_xyxy_px: Sequence[float] | Sequence[Sequence[float]] | NDArray[Any],
        *,
        seed: int,
    ) -> Occlusion[ImageT]:
        """Cover the objects, as `Occluder` says.

        Raises:
            OcclusionError: those of `Occluder`; `uncovered`.
        """
        if self.dilate_px or self.dilate_share:
            mask_hw, box_xyxy_px = self._grown(mask_hw, box_xyxy_px, size_wh_of(image))
        return occlude(
            image, mask_hw, box_xyxy_px, seed=seed, fill_rgb=self.fill_rgb, min_covered_share=self.min_covered_share
        )

    def _grown(self, mask_hw: Any, box_xyxy_px: Any, size_wh: tuple[int, int]) -> tuple[list[Mask], list[list[float]]]:
        masks, boxes = masks_and_boxes(mask_hw, box_xyxy_px, size_wh)
        grown: list[Mask] = []
        wider: list[list[float]] = []
        for mask, box in zip(masks, boxes, strict=True):
            left, top, right, bottom, short_px = place_of(box, size_wh)
            reach = self.reach_px(short_px)
            inside = np.zeros(mask.shape, bool)
            inside[top:bottom, left:right] = mask[top:bottom, left:right] != 0
            grown.append(dilate_mask(inside, reach))
            x0, y0, x1, y1 = map(float, box)
            wider.append([x0 - reach, y0 - reach, x1 + reach, y1 + reach])
        return grown, wider
