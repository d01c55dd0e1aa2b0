"""What the pixels still show of an object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from occlusion.coverage import changed_hw, share_of
from occlusion.leaks.leak import Leak
from occlusion.objects import Mask, Pixels

LEAST_CHANGE = 16
"""Levels of 255 by which a pixel must have changed to count as hidden: more than a camera's noise or JPEG's."""

MIN_HIDDEN_SHARE = 0.5
"""Share of an object's pixels that must be hidden."""

SMALL_COPY_PX = 8
"""Side of the small copy in which an object must look another; details do not count there."""

MIN_SMALL_COPY_SHARE = 0.25
"""Share of the small copy's pixels that must have changed, each by how much of it the object fills. On
photographs a Gaussian of a twentieth of the object's shorter side stays below it, and one of a quarter, a fill or the
published patches are well above."""

_OUTLINE_LIKENESS, _FILLS_ITS_BOX, _LEAST_PART = 0.9, 0.9, 0.25


def pixel_leaks(before: Pixels, after: Pixels, masks: list[Mask], min_hidden_share: float) -> Iterator[Leak]:
    """Yield `object_visible` for each mask that is too little changed, and `outline` for each whose shape shows.

    An object is visible if too few of its pixels changed, or too few of a copy that is 8 px across: a weak blur changes
    pixels and no such copy. A shape shows when the changed pixels in and around the mask are the mask (intersection
    over union of 0.9 or more), unless it is itself a box. Neither is a proof that a viewer recognises it, or does not.
    """
    changed = changed_hw(before, after, least_change=LEAST_CHANGE)
    for k, mask in enumerate(np.asarray(mask) != 0 for mask in masks):
        share, small = share_of(mask, changed), _small_copy_share(before, after, mask)
        if share < min_hidden_share:
            yield Leak("object_visible", f"object {k}: {share:.0%} of its pixels changed; {min_hidden_share:.0%} must")
        elif small < min(MIN_SMALL_COPY_SHARE, min_hidden_share):
            yield Leak("object_visible", f"object {k}: {SMALL_COPY_PX} px small it looks the same; {small:.0%} changed")
        elif _outline_shows(mask, changed):
            yield Leak("outline", f"object {k}: what changed has the object's own outline")


def _small_copy_share(before: Pixels, after: Pixels, mask: NDArray[np.bool_]) -> float:
    rows, columns = _frame(mask)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    scale = max(min(height, width) / SMALL_COPY_PX, 1.0)
    size_wh = round(width / scale), round(height / scale)
    one, two = (_shrunk(part[rows, columns], size_wh) for part in (before, after))
    covered = Image.fromarray(mask[rows, columns].astype(np.float32)).resize(size_wh, Image.Resampling.BOX)
    weights = np.asarray(covered, np.float64)
    # A pixel of the copy that a thin object fills in part can change in part alone.
    needed = LEAST_CHANGE * np.clip(2 * weights, _LEAST_PART, 1)
    changed = np.abs(one - two).max(axis=2) >= needed
    return float((weights * changed).sum() / weights.sum())


def _frame(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns of the smallest rectangle around a mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _outline_shows(mask: NDArray[np.bool_], changed: NDArray[np.bool_]) -> bool:
    rows, columns = _frame(mask)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if np.count_nonzero(mask) >= _FILLS_ITS_BOX * height * width:
        return False
    around = (
        slice(max(rows.start - height // 4, 0), rows.stop + height // 4),
        slice(max(columns.start - width // 4, 0), columns.stop + width // 4),
    )
    both = np.count_nonzero(mask[around] & changed[around])
    return bool(both >= _OUTLINE_LIKENESS * np.count_nonzero(mask[around] | changed[around]))


def shows_object(preview: Image.Image, before: Pixels, after: Pixels, masks: list[Mask]) -> bool:
    """Say whether a small copy is, in place of the objects, nearer to the original than to the occluded picture."""
    whole = np.logical_or.reduce([np.asarray(mask) != 0 for mask in masks])
    size = preview.size
    inside = np.asarray(Image.fromarray(whole.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)) > 0
    small = np.asarray(preview.convert("RGB"), np.int16)[inside]
    to_before, to_after = (float(np.abs(small - _shrunk(picture, size)[inside]).mean()) for picture in (before, after))
    return to_before < to_after


def _shrunk(picture: Pixels, size_wh: tuple[int, int]) -> NDArray[Any]:
    return np.asarray(Image.fromarray(np.ascontiguousarray(picture)).resize(size_wh, Image.Resampling.BOX), np.int16)
