"""Masks with a margin, so that what an outline misses is hidden too."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from occlusion.errors import OcclusionError


@dataclass(frozen=True, kw_only=True)
class Dilated:
    """Options of every occluder: the margin around the mask. The larger of the two holds."""

    dilate_px: int = 0
    """In pixels."""

    dilate_share: float = 0.0
    """As a share of the shorter side of the object's box."""

    def __post_init__(self) -> None:
        if self.dilate_px < 0 or not (isfinite(self.dilate_share) and self.dilate_share >= 0):
            got = f"{self.dilate_px} and {self.dilate_share}"
            raise OcclusionError("bad_option", f"dilate_px and dilate_share must be 0 or more; got {got}.")

    def reach_px(self, short_px: float) -> int:
        """Margin of an object whose box has this shorter side."""
        return max(self.dilate_px, round(self.dilate_share * short_px))


def dilate_mask(mask_hw: NDArray[Any], reach_px: int) -> NDArray[np.bool_]:
    """Grow a mask to all pixels within `reach_px` of it in both directions (a square neighbourhood).

    >>> dilate_mask(np.array([[1, 0, 0, 0], [0, 0, 0, 0]]), 1).astype(int).tolist()
    [[1, 1, 0, 0], [1, 1, 0, 0]]
    """
    grown: NDArray[np.bool_] = mask_hw != 0
    if reach_px:
        grown = _spread(_spread(grown, reach_px).T, reach_px).T
    return np.ascontiguousarray(grown)


def _spread(mask_hw: NDArray[np.bool_], reach_px: int) -> NDArray[np.bool_]:
    """Down the columns: is there a pixel among the 2 * reach + 1 around? Running sums, whatever the reach."""
    sums = np.cumsum(mask_hw, axis=0, dtype=np.int32)
    before = np.zeros((reach_px + 1, mask_hw.shape[1]), np.int32)
    after = np.broadcast_to(sums[-1:], (reach_px, mask_hw.shape[1]))
    padded = np.concatenate([before, sums, after])
    return padded[2 * reach_px + 1 :] != padded[: -2 * reach_px - 1]
