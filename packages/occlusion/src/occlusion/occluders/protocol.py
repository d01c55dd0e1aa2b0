"""The call that hides an object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from occlusion.objects import ImageT, Mask, Occlusion


class Occluder(Protocol):
    """Anything that hides objects of a picture: pure, so that equal arguments give equal bytes."""

    def __call__(
        self,
        image: ImageT,
        mask_hw: Mask | Sequence[Mask],
        box_xyxy_px: Sequence[float] | Sequence[Sequence[float]] | NDArray[Any],
        *,
        seed: int,
    ) -> Occlusion[ImageT]:
        """Return a new picture with the object hidden; the one given is not changed.

        Args:
            image: RGB picture, or uint8 array `(H, W, 3)`.
            mask_hw: array `(H, W)`, non-zero on the object; or a list of K of them, or an array `(K, H, W)`.
            box_xyxy_px: `(x0, y0, x1, y1)` in pixels of the image, or one for each mask. The object is the part of its
                mask inside its box.
            seed: not negative; what is drawn is drawn from it alone. Occluders that draw nothing ignore it.

        Raises:
            OcclusionError: `bad_image`, `bad_mask`, `empty_mask`, `bad_box`, `box_outside`, `bad_seed`.
        """
        ...
