"""Masks for boxes: what a segmenter answers for each box, and the one call that all of them share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from occlusion.masks import Rle, decode_mask, encode_mask

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class FoundMask:
    """A mask that was found for a box.

    >>> found = FoundMask(np.eye(64, dtype=bool), 0.25, "sam", 0.9)
    >>> packed = found.packed()
    >>> packed.mask == found.rle, bool((packed.mask_hw == found.mask_hw).all())
    (True, True)
    """

    mask: NDArray[np.bool_] | Rle
    """As it is kept: bool `(H, W)` of the image, or COCO run lengths, at about a hundredth of the memory."""

    box_share: float
    """Share of the box that the mask fills, above 0 and at most 1. GrabCut's masks end at the box, SAM's need not."""

    source: str
    """How it was found: `sam`, `sam2`, `sam3`, `segment-anything`, `grabcut`, `annotations` or `box`."""

    score: float | None = None
    """The model's guess of the overlap (IoU) with the true mask; SAM's may pass 1. None where nothing guesses."""

    @property
    def mask_hw(self) -> NDArray[np.bool_]:
        """`(H, W)` of the image, true on the object; decoded anew at each call where run lengths are kept."""
        return decode_mask(self.mask) if isinstance(self.mask, Mapping) else self.mask

    @property
    def rle(self) -> Rle:
        """In COCO run-length encoding, for rows and files."""
        return self.mask if isinstance(self.mask, Mapping) else encode_mask(self.mask)

    def packed(self) -> FoundMask:
        """Return the same mask, kept as run lengths."""
        return replace(self, mask=self.rle)


@dataclass(frozen=True)
class Unmasked:
    """Why a box has no mask."""

    reason: str
    """A short slug for accounts.

    All segmenters: `bad_box`, `box_outside`, `empty_mask` (no pixel of it in the box). Models: `not_a_number`,
    `out_of_memory` (for one box alone). GrabCut: those of `grabcut_mask`. Annotations: `no_annotation`, `no_mask`."""

    detail: str = ""


class Segmenter(Protocol):
    """Anything that finds the outline of what is in a box: a model, a colour rule, annotations."""

    def __call__(self, image: Image, boxes_xyxy_px: Sequence[Sequence[float]]) -> list[FoundMask | Unmasked]:
        """Return one result for each box, in order; no boxes, no results.

        Args:
            image: of any mode.
            boxes_xyxy_px: `(x0, y0, x1, y1)` in pixels of the image, or an array `(N, 4)`; clipped to the image.

        Raises:
            OcclusionError: what is wrong with the image or the whole call. What is wrong with one box is its result.
        """
        ...
