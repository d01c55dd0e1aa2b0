"""Maps from scored detector boxes, and masks from maps: the read-outs of LXMERT and DETR."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from box_space import Box, Boxes, PatchGrid
from numpy.typing import NDArray

from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap, patch_edges_px


def box_scores_to_map(
    boxes: Boxes | Sequence[Box], scores: Sequence[float], grid: PatchGrid, *, target: str = ""
) -> RelevanceMap:
    """Rasterise one score per detector box: every point takes the largest score of the boxes that cover it, else 0.

    A patch's value is the mean over its part on the picture, exactly; on a grid of one patch per pixel and boxes of
    whole pixels that is the score itself.

    Args:
        boxes: in any space of the grid's image; parts outside the image count for nothing.
        scores: one per box, finite and not negative.
        grid: of the map; `PatchGrid(pixels, pixels.width, pixels.height)` for one value per pixel.
        target: the text whose probability was explained.

    Raises:
        MapError: `bad_scores` when there is not one finite, non-negative score per box.
        BoxError: `other_image` for boxes of another image.

    Source: Chefer et al. 2021, Generic Attention-model Explainability, the pictures of LXMERT (there, per pixel).

    >>> from box_space import OriginalPixels
    >>> pixels = OriginalPixels(40, 20)
    >>> boxes = [Box(0, 0, 20, 20, pixels), Box(10, 0, 25, 20, pixels)]
    >>> box_scores_to_map(boxes, [0.2, 0.6], PatchGrid(pixels, columns=4, rows=1)).values_hw.round(3).tolist()
    [[0.2, 0.6, 0.3, 0.0]]
    """
    scores_N = np.asarray(scores, np.float64)
    if scores_N.shape != (len(boxes),) or not np.isfinite(scores_N).all() or (scores_N < 0).any():
        raise MapError("bad_scores", f"scores must be {len(boxes)} finite numbers of at least 0, one per box.")
    pixels_N4 = np.array([box.to(grid.original).xyxy for box in boxes]).reshape(-1, 4)
    return RelevanceMap(_rasterised(pixels_N4, scores_N, grid), grid, method="box_scores", target=target)


def otsu_mask(relevance: RelevanceMap) -> NDArray[np.bool_]:
    """Return the patches `(rows, columns)` above Otsu's threshold of the map stretched to whole numbers 0 to 255.

    Patches on padding alone take no part and are False; a flat map has nothing above anything: all False.

    Source: Chefer et al. 2021, DETR read-out; Otsu 1979, eq. 14; of equal thresholds the lowest, as OpenCV does.

    >>> from box_space import OriginalPixels
    >>> relevance = RelevanceMap(np.array([[0.0, 1.0, 9.0, 10.0]]), PatchGrid(OriginalPixels(40, 10), 4, 1))
    >>> otsu_mask(relevance).tolist()
    [[False, False, True, True]]
    """
    on_picture = relevance.covered_hw() > 0
    values = relevance.values_hw[on_picture]
    low, high = values.min(), values.max()
    mask = np.zeros(on_picture.shape, np.bool_)
    if high > low:
        # Truncated, not rounded: so the original's pictures were made.
        levels = ((values - low) / (high - low) * 255).astype(np.uint8)
        mask[on_picture] = levels > otsu_threshold(levels)
    return mask


def otsu_threshold(levels: NDArray[np.uint8]) -> int:
    """Return the level that splits numbers 0 to 255 best into up to it and above: largest variance between the two.

    Source: Otsu 1979, A Threshold Selection Method from Gray-Level Histograms, eq. 14; the lowest of equal ones.

    >>> otsu_threshold(np.array([10, 10, 20, 200, 210], np.uint8))
    20
    """
    counts = np.bincount(levels.ravel(), minlength=256)
    below, sum_below = counts.cumsum(), (counts * np.arange(256)).cumsum()
    above, sum_above = below[-1] - below, sum_below[-1] - sum_below
    # n0 n1 (m0 - m1)^2 with m = sum / n; a side without numbers splits nothing.
    apart = sum_below / np.maximum(below, 1) - sum_above / np.maximum(above, 1)
    return int((below * above * apart**2).argmax())


def _rasterised(boxes_N4: NDArray[np.float64], scores_N: NDArray[np.float64], grid: PatchGrid) -> NDArray[np.float64]:
    """Mean `(rows, columns)` of the largest score over each patch's part on the picture."""
    edges = patch_edges_px(grid)
    x = np.unique(np.concatenate([edges.x_px, boxes_N4[:, 0], boxes_N4[:, 2]]))
    y = np.unique(np.concatenate([edges.y_px, boxes_N4[:, 1], boxes_N4[:, 3]]))
    # Between neighbouring edges of boxes and patches nothing changes: one cell each, painted from low score to high.
    cells = np.zeros((len(y) - 1, len(x) - 1))
    for n in scores_N.argsort(kind="stable"):
        left, right = np.searchsorted(x, boxes_N4[n, [0, 2]])
        top, bottom = np.searchsorted(y, boxes_N4[n, [1, 3]])
        cells[top:bottom, left:right] = scores_N[n]
    return _shares_of_patches(y, edges.y_px) @ cells @ _shares_of_patches(x, edges.x_px).T


def _shares_of_patches(cuts_px: NDArray[np.float64], edges_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share `(n, cells)` of each patch's width that each cell makes up; 0 for patches without width."""
    inside = (edges_px[:-1, None] <= cuts_px[:-1]) & (cuts_px[1:] <= edges_px[1:, None])
    width = np.diff(edges_px)[:, None]
    return inside * np.diff(cuts_px) / np.where(width > 0, width, 1)
