"""Arrays of boxes: corner and size forms, and how much they overlap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from box_space.errors import BoxError

FloatArray = npt.NDArray[np.float64]
"""Double precision array."""


def as_boxes_N4(boxes: npt.ArrayLike) -> FloatArray:
    """Return `boxes` as a float64 array `(N, 4)`; an empty list becomes `(0, 4)`.

    Raises:
        BoxError: `bad_shape` when there are not four numbers per box.

    >>> as_boxes_N4([]).shape
    (0, 4)
    """
    array = np.asarray(boxes, dtype=np.float64)
    if array.size == 0:
        return array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise BoxError("bad_shape", f"boxes must have shape (N, 4); got {array.shape}. Wrap a single box in a list.")
    return array


def xyxy_to_xywh(boxes_xyxy: npt.ArrayLike) -> FloatArray:
    """Turn corners `(N, 4)` into left, top, width, height (COCO's form), any unit.

    Raises:
        BoxError: `bad_shape`.

    >>> xyxy_to_xywh([[10, 20, 40, 60]]).tolist()
    [[10.0, 20.0, 30.0, 40.0]]
    """
    boxes = as_boxes_N4(boxes_xyxy)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def xywh_to_xyxy(boxes_xywh: npt.ArrayLike) -> FloatArray:
    """Turn left, top, width, height (COCO's form) `(N, 4)` into corners, any unit.

    Raises:
        BoxError: `bad_shape`.

    >>> xywh_to_xyxy([[10, 20, 30, 40]]).tolist()
    [[10.0, 20.0, 40.0, 60.0]]
    """
    boxes = as_boxes_N4(boxes_xywh)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def iou(a_xyxy: npt.ArrayLike, b_xyxy: npt.ArrayLike) -> FloatArray:
    """Return intersection over union of every pair: `(N, 4)`, `(M, 4)` -> `(N, M)`, 0 to 1.

    Both must be in one space. Boxes without area overlap nothing, not even themselves.

    Raises:
        BoxError: `bad_shape`.

    >>> iou([[0, 0, 2, 2]], [[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]]).round(3).tolist()
    [[1.0, 0.333, 0.0]]
    """
    a, b = as_boxes_N4(a_xyxy)[:, None, :], as_boxes_N4(b_xyxy)[None, :, :]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.clip(sides, 0.0, None).prod(axis=-1)
    union = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
