"""True boxes, which a row of the mix may hold to score maps and regions by."""

import math
from collections.abc import Mapping
from typing import Any

from box_space import Box, OriginalPixels
from shard_runner import Row

BAD_BOXES = "bad_boxes"
"""Reason of a row whose true boxes are none."""


def read_true_boxes(row: Mapping[str, Any]) -> list[list[float]]:
    """The `boxes` of a row of the mix; none where it has no such column.

    Raises:
        ValueError: they are no list of `[x0, y0, x1, y1]`, finite and with x0 < x1 and y0 < y1.

    >>> read_true_boxes({"id": "7", "boxes": [[1, 2, 3, 4]]})
    [[1.0, 2.0, 3.0, 4.0]]
    """
    boxes: Any = row.get("boxes")
    if boxes is None:
        return []
    for box in boxes if isinstance(boxes, list) else [boxes]:
        if not _is_box(box):
            raise ValueError(f"boxes must be lists of x0 < x1 and y0 < y1, pixels, [x0, y0, x1, y1]; got {box!r:.80}.")
    return [[float(value) for value in box] for box in boxes]


def boxes_fault(row: Row, size_wh: tuple[int, int]) -> str:
    """Say which true box does not touch the image; empty where all do."""
    width, height = size_wh
    beside = [box for box in row["boxes"] if box[0] >= width or box[1] >= height or box[2] <= 0 or box[3] <= 0]
    return f"boxes must touch the image of {width} x {height} pixels; got {beside[0]}." if beside else ""


def true_boxes(row: Row) -> list[Box]:
    """The true boxes of a row with `boxes`, `width` and `height`."""
    original = OriginalPixels(row["width"], row["height"])
    return [Box(*box, space=original) for box in row["boxes"]]


def _is_box(box: Any) -> bool:
    if not isinstance(box, list) or len(box) != 4 or not all(type(value) in (int, float) for value in box):
        return False
    try:
        x0, y0, x1, y1 = map(float, box)
    except OverflowError:  # an integer of hundreds of digits
        return False
    return all(map(math.isfinite, (x0, y0, x1, y1))) and x0 < x1 and y0 < y1
