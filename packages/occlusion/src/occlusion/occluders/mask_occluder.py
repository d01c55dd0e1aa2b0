"""The call of the occluders that change a mask and nothing around it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from occlusion.objects import ImageT, Mask, Occlusion, Pixels
from occlusion.occluders.dilation import Dilated
from occlusion.occluders.regions import Region, treated


@dataclass(frozen=True, kw_only=True)
class MaskOccluder(Dilated, ABC):
    """Changes the pixels of the masks with their margins, each object from the picture as it was given."""

    def __call__(
        self,
        image: ImageT,
        mask_hw: Mask | Sequence[Mask],
        box_xyxy_px: Sequence[float] | Sequence[Sequence[float]] | NDArray[Any],
        *,
        seed: int,
    ) -> Occlusion[ImageT]:
        """Hide the objects, as `Occluder` says; nothing is drawn, so `seed` is ignored."""
        return treated(
            image, mask_hw, box_xyxy_px, seed=seed, margin=self, paint=self._paint, patch_share=self._patch_share
        )

    @property
    def _patch_share(self) -> float:
        """Side of a block as a share of the shorter side of the box; 0 where nothing is square."""
        return 0.0

    @abstractmethod
    def _paint(self, before: Pixels, region: Region, masks: Sequence[Mask]) -> Pixels:
        """New colours of a region's rectangle, `(h, w, 3)` or one `(3,)`; `masks` are all objects of the picture."""
        ...
