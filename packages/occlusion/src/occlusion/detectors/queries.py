"""From what a model says about its queries to detections in pixels of the original image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from occlusion.detections import Detection, clipped_box


def label_queries(
    logits_Q_P: NDArray[np.float64],
    boxes_cxcywh_Q_4: NDArray[np.float64],
    phrases: Sequence[str],
    *,
    kept_Q: NDArray[np.bool_],
    read_wh: tuple[int, int],
    size_wh: tuple[int, int],
) -> list[Detection]:
    """Give each kept query the phrase with the highest logit (the first of equals), and clip its box to the image.

    Args:
        logits_Q_P: each query's logit for each phrase; the score is its sigmoid.
        boxes_cxcywh_Q_4: centre, width and height, as fractions of what the model read.
        phrases: the caller's own, in the order of the columns.
        kept_Q: which queries to take.
        read_wh: size of what the model read in original pixels: the image, or the square that it was padded to.
        size_wh: size of the image in pixels. A box outside (in the padding) is dropped.

    >>> logits_Q_P, boxes_Q_4 = np.array([[-2.0, 0.0]]), np.array([[0.5, 0.25, 0.5, 0.5]])
    >>> sizes = {"read_wh": (80, 80), "size_wh": (80, 30)}
    >>> label_queries(logits_Q_P, boxes_Q_4, ["cat", "dog"], kept_Q=np.array([True]), **sizes)
    [Detection(phrase='dog', box_xyxy_px=(20.0, 0.0, 60.0, 30.0), score=0.5)]
    """
    centres, halves = boxes_cxcywh_Q_4[:, :2], boxes_cxcywh_Q_4[:, 2:] / 2
    boxes_xyxy_Q_4 = np.concatenate([centres - halves, centres + halves], axis=1) * (*read_wh, *read_wh)
    labels_Q, scores_Q = logits_Q_P.argmax(axis=1), sigmoid(logits_Q_P.max(axis=1))
    found: list[Detection] = []
    for q in np.flatnonzero(kept_Q).tolist():
        box = clipped_box(boxes_xyxy_Q_4[q].tolist(), size_wh)
        if box is not None:
            found.append(Detection(phrases[int(labels_Q[q])], box, float(scores_Q[q])))
    return found


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities; -inf is 0.

    >>> sigmoid(np.array([-np.inf, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return (1 + np.tanh(logits / 2)) / 2
