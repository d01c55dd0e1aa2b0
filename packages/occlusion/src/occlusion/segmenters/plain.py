"""Segmenters without a neural network: GrabCut, and the box itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from occlusion.errors import OcclusionError
from occlusion.grabcut import grabcut_mask, import_opencv
from occlusion.rgb import rgb_of
from occlusion.segmentations import FoundMask, Unmasked
from occlusion.segmenters.boxes import Box, found_in_box, on_usable, pixel_window

if TYPE_CHECKING:
    from PIL.Image import Image


class GrabCutSegmenter:
    """Cuts what is in a box out of its background by colour, by `grabcut_mask`; a doubtful mask is refused."""

    def __init__(self, *, iterations: int = 5, as_rle: bool = False) -> None:
        """Choose how often GrabCut looks again.

        Args:
            iterations: rounds of GrabCut for a box.
            as_rle: keep masks as run lengths.

        Raises:
            MissingExtraError: OpenCV is not installed.
            OcclusionError: `bad_option`: iterations below 1.
        """
        if iterations < 1:
            raise OcclusionError("bad_option", f"iterations must be 1 or more; got {iterations}.")
        import_opencv()
        self._iterations, self._as_rle = iterations, as_rle

    def __call__(self, image: Image, boxes_xyxy_px: Sequence[Sequence[float]]) -> list[FoundMask | Unmasked]:
        """Return one result for each box, in order; what `grabcut_mask` refuses is `Unmasked` with its reason.

        Raises:
            OcclusionError: `bad_boxes`, `bad_image` (cut off).
        """
        rgb = np.asarray(rgb_of(image))
        return on_usable(boxes_xyxy_px, image.size, lambda boxes: [self._cut(rgb, box) for box in boxes])

    def _cut(self, rgb: NDArray[np.uint8], box: Box) -> FoundMask | Unmasked:
        try:
            found = grabcut_mask(rgb, box, self._iterations)
        except OcclusionError as error:
            return Unmasked(error.reason, str(error))
        return found.packed() if self._as_rle else found


class BoxSegmenter:
    """Takes the whole box for the object: a choice to make knowingly, the background in the box is hidden too.

    >>> from PIL import Image
    >>> BoxSegmenter()(Image.new("RGB", (4, 2)), [(1, 0, 3, 1)])[0].mask_hw.astype(int).tolist()
    [[0, 1, 1, 0], [0, 0, 0, 0]]
    """

    def __init__(self, *, as_rle: bool = False) -> None:
        """Choose whether to keep masks as run lengths (`as_rle`)."""
        self._as_rle = as_rle

    def __call__(self, image: Image, boxes_xyxy_px: Sequence[Sequence[float]]) -> list[FoundMask | Unmasked]:
        """Return the filled box for each box in the image.

        Raises:
            OcclusionError: `bad_boxes`.
        """
        size_wh = image.size
        return on_usable(boxes_xyxy_px, size_wh, lambda boxes: [self._fill(box, size_wh) for box in boxes])

    def _fill(self, box: Box, size_wh: tuple[int, int]) -> FoundMask | Unmasked:
        mask_hw = np.zeros((size_wh[1], size_wh[0]), bool)
        mask_hw[pixel_window(box)] = True
        return found_in_box(mask_hw, box, "box", as_rle=self._as_rle)
