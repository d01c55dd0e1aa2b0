"""Of boxes that cover the same thing, keep the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from box_space import iou as pairwise_iou
from numpy.typing import NDArray

from occlusion.detections import Detection, by_score
from occlusion.errors import OcclusionError


def suppress(detections: Sequence[Detection], *, iou: float = 0.5, per_phrase: bool = False) -> list[Detection]:
    """Drop every detection that overlaps a better one that was kept (greedy non-maximum suppression).

    Args:
        detections: of one image, in any order.
        iou: overlap (intersection over union) above which the lower score goes; exactly this much stays.
        per_phrase: compare detections of the same phrase alone. By default all are compared, as published: one box,
            one name. A part of nearly the same extent as its whole is then lost too.

    Returns:
        Those kept, best score first.

    Raises:
        OcclusionError: `bad_iou`: not 0 to 1.

    Source: World to Code (arXiv 2409.20424), the boxes stage: class-agnostic, 0.5.

    >>> box = (0.0, 0.0, 10.0, 10.0)
    >>> found = [Detection("puppy", box, 0.6), Detection("dog", box, 0.8)]
    >>> [one.phrase for one in suppress(found)], len(suppress(found, per_phrase=True))
    (['dog'], 2)
    """
    if not 0 <= iou <= 1:
        raise OcclusionError("bad_iou", f"iou must be 0 to 1; got {iou}.")
    ordered = by_score(detections)
    boxes_N4 = np.array([one.box_xyxy_px for one in ordered], dtype=np.float64).reshape(-1, 4)
    phrases_N = np.array([one.phrase for one in ordered], dtype=object)
    alive_N = np.ones(len(ordered), dtype=bool)
    for n in range(len(ordered)):
        if alive_N[n]:
            rivals_N = _same(phrases_N, n) if per_phrase else np.ones(len(ordered), dtype=bool)
            rivals_N[: n + 1] = False
            alive_N &= ~(rivals_N & (pairwise_iou(boxes_N4[n : n + 1], boxes_N4)[0] > iou))
    return [one for one, alive in zip(ordered, alive_N, strict=True) if alive]


def _same(phrases_N: NDArray[np.object_], n: int) -> NDArray[np.bool_]:
    return np.asarray(phrases_N == phrases_N[n], dtype=bool)
