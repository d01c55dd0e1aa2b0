"""A mask from a box alone, by OpenCV's GrabCut; a doubtful one is refused, never replaced by the box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.objects import place_of
from occlusion.segmentations import FoundMask

MAX_BOX_SHARE = 0.95
"""A mask that fills more of its box than this found no outline."""


def grabcut_mask(
    image: Image.Image | NDArray[np.uint8], box_xyxy_px: Sequence[float], iterations: int = 5
) -> FoundMask:
    """Cut the object of a box out of its background by colour; the same arguments give the same mask.

    Args:
        image: RGB picture, or uint8 array `(H, W, 3)`.
        box_xyxy_px: `(x0, y0, x1, y1)` in pixels of the image; clipped to it. What lies outside is known background.
        iterations: rounds of GrabCut, 1 or more.

    Raises:
        MissingExtraError: OpenCV is not installed.
        OcclusionError: `bad_box`, `box_outside`; `box_is_image` (no background is left to learn from), `grabcut_failed`
            (OpenCV's own words), `grabcut_empty`, `grabcut_fills_box` (more than 95 % of the box).
    """
    cv2 = import_opencv()
    pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    x0, y0, x1, y1, _ = place_of(box_xyxy_px, (width, height))
    if (x1 - x0, y1 - y0) == (width, height):
        raise OcclusionError("box_is_image", "box_xyxy_px must leave some background; got the whole image.")
    labels = np.zeros((height, width), np.uint8)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    rect = (x0, y0, x1 - x0, y1 - y0)
    try:
        cv2.grabCut(pixels[:, :, ::-1].copy(), labels, rect, *models, iterations, cv2.GC_INIT_WITH_RECT)
    except cv2.error as error:
        raise OcclusionError("grabcut_failed", f"GrabCut gave up on box {rect}: {error}") from error
    return _judged((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), (x1 - x0) * (y1 - y0))


def _judged(mask: NDArray[np.bool_], box_area: int) -> FoundMask:
    share = int(np.count_nonzero(mask)) / box_area
    if share == 0:
        raise OcclusionError("grabcut_empty", "GrabCut found nothing in the box that differs from its surroundings.")
    if share > MAX_BOX_SHARE:
        raise OcclusionError("grabcut_fills_box", f"GrabCut found no outline: the mask fills {share:.0%} of the box.")
    return FoundMask(mask, share, "grabcut")


def import_opencv() -> Any:
    """Return the module.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError("opencv", "grabcut") from error
    return cv2
