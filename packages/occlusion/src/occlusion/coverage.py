"""How much of an object and of its surroundings an occluder changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from occlusion.errors import OcclusionError
from occlusion.objects import ImageT, Mask, Occlusion, Pixels, masks_of, size_wh_of


@dataclass(frozen=True)
class Coverage:
    """What changed between a picture and its occluded copy; a pixel counts as changed when any of its values did.

    Unlike `Occlusion.covered_share` it is read from the pixels: a square over a pixel of its own colour hides nothing.
    """

    covered_share: float
    """Share of the mask pixels, of all masks together, that changed."""

    object_shares: tuple[float, ...]
    """The same for each mask, in order; 0 for an empty one."""

    changed_share: float
    """Share of the image's pixels that changed."""

    context_share: float
    """Share of the pixels outside all masks that are as they were; 0 where the masks leave none."""

    patch_px: int
    """Side of the squares or blocks; 0 where there are none."""

    patches: int
    """How many squares were painted."""

    def to_row(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return asdict(self) | {"object_shares": list(self.object_shares)}


def coverage_of(before: ImageT, hidden: Occlusion[ImageT], mask_hw: Mask | Sequence[Mask]) -> Coverage:
    """Compare a picture with its occluded copy.

    Args:
        before: the picture as it was.
        hidden: what an occluder made of it (not `in_place`).
        mask_hw: array `(H, W)`, non-zero on the object; or a list of K of them, or an array `(K, H, W)`. The whole
            masks count, not only what lies in their boxes.

    Raises:
        OcclusionError: `bad_image`, `bad_mask`, `empty_mask` (no mask has a pixel).

    >>> from occlusion.patches import occlude
    >>> black, mask = np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), bool)
    >>> mask[5:15, 5:15] = True
    >>> report = coverage_of(black, occlude(black, mask, (5, 5, 15, 15), seed=0, min_covered_share=1), mask)
    >>> report.covered_share, report.changed_share < 0.5, report.patch_px
    (1.0, True, 4)
    """
    changed = changed_hw(before, hidden.image)
    masks = [np.asarray(mask) != 0 for mask in masks_of(mask_hw, size_wh_of(before))]
    objects = np.logical_or.reduce(masks) if masks else np.zeros(changed.shape, bool)
    total, whole = int(np.count_nonzero(objects)), changed.size
    if not total:
        raise OcclusionError("empty_mask", "mask_hw must be non-zero on the object; got no such pixel.")
    covered, all_changed = int(np.count_nonzero(changed & objects)), int(np.count_nonzero(changed))
    untouched = (whole - total) - (all_changed - covered)
    return Coverage(
        covered_share=covered / total,
        object_shares=tuple(share_of(mask, changed) for mask in masks),
        changed_share=all_changed / whole,
        context_share=untouched / (whole - total) if whole > total else 0.0,
        patch_px=hidden.patch_px,
        patches=len(hidden.centers_xy),
    )


def changed_hw(
    before: Image.Image | Pixels, after: Image.Image | Pixels, *, least_change: int = 1
) -> NDArray[np.bool_]:
    """Where two pictures of one size differ by so many levels or more in some channel.

    Raises:
        OcclusionError: `bad_image`: not RGB, or of two sizes.
    """
    if size_wh_of(before) != size_wh_of(after):
        sizes = f"{size_wh_of(before)} and {size_wh_of(after)}"
        raise OcclusionError("bad_image", f"both pictures must have one size (width, height); got {sizes}.")
    one, two = np.asarray(before), np.asarray(after)
    differs = one != two if least_change <= 1 else np.maximum(one, two) - np.minimum(one, two) >= least_change
    return differs[..., 0] | differs[..., 1] | differs[..., 2]


def share_of(mask_hw: NDArray[np.bool_], holds_hw: NDArray[np.bool_]) -> float:
    """Share of a mask's pixels where something holds; 0 for an empty mask."""
    total = int(np.count_nonzero(mask_hw))
    return int(np.count_nonzero(mask_hw & holds_hw)) / total if total else 0.0
