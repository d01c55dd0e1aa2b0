"""Boxes as segmenters take them: checked, clipped, and put back in order with what was found in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil, isfinite
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from occlusion.detections import clipped_box
from occlusion.errors import OcclusionError
from occlusion.segmentations import FoundMask, Unmasked

Box = tuple[float, float, float, float]
ResultT = TypeVar("ResultT")


def on_usable(
    boxes_xyxy_px: Sequence[Sequence[float]], size_wh: tuple[int, int], work: Callable[[list[Box]], Sequence[ResultT]]
) -> list[ResultT | Unmasked]:
    """Do the work for the boxes that lie in the image, clipped to it, and say of the others why not; in order.

    The work gets one box or more, and returns one result for each; it is not called without a box.

    Raises:
        OcclusionError: `bad_boxes`: not a list of boxes.

    >>> on_usable([(-4, 2, 3, 9), (8, 0, 9, 1)], (8, 6), lambda boxes: [str(box) for box in boxes])
    ['(0.0, 2.0, 3.0, 6.0)', Unmasked(reason='box_outside', detail='(8, 0, 9, 1) in an image of 8 x 6')]
    """
    checked = [_checked(box, size_wh) for box in boxes_xyxy_px]
    usable = [box for box in checked if not isinstance(box, Unmasked)]
    found = iter(work(usable) if usable else ())
    return [box if isinstance(box, Unmasked) else next(found) for box in checked]


def found_in_box(
    mask_hw: NDArray[np.bool_], box: Box, source: str, score: float | None = None, *, as_rle: bool = False
) -> FoundMask | Unmasked:
    """Judge the mask of a box: `empty_mask` where no pixel of it lies in the box.

    >>> found_in_box(np.eye(4, dtype=bool), (0.0, 0.0, 2.0, 2.0), "sam").box_share
    0.5
    """
    inside = mask_hw[pixel_window(box)]
    pixels = int(np.count_nonzero(inside))
    if not pixels:
        return Unmasked("empty_mask", f"{source} found nothing in {box}")
    found = FoundMask(mask_hw, pixels / inside.size, source, score)
    # A copy: a mask that is a view of its batch would keep all of it in memory.
    return found.packed() if as_rle else replace(found, mask=np.array(mask_hw))


def pixel_window(box: Box) -> tuple[slice, slice]:
    """Return the rows and columns of the pixels that a box in the image touches.

    >>> pixel_window((1.5, 0.0, 4.0, 2.2))
    (slice(0, 3, None), slice(1, 4, None))
    """
    x0, y0, x1, y1 = box
    return slice(int(y0), ceil(y1)), slice(int(x0), ceil(x1))


def _checked(box: Any, size_wh: tuple[int, int]) -> Box | Unmasked:
    if np.ndim(box) == 0:
        message = f"boxes_xyxy_px must be a list of (x0, y0, x1, y1); got {box!r} in it. Put a single box in a list."
        raise OcclusionError("bad_boxes", message)
    corners = tuple(float(value) for value in cast("Sequence[float]", box))
    if len(corners) != 4 or not all(map(isfinite, corners)) or corners[0] >= corners[2] or corners[1] >= corners[3]:
        return Unmasked("bad_box", f"must be finite, with x0 < x1 and y0 < y1; got {box!r}")
    return clipped_box(corners, size_wh) or Unmasked(
        "box_outside", f"{box!r} in an image of {size_wh[0]} x {size_wh[1]}"
    )
