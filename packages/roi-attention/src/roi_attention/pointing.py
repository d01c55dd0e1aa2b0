"""The pointing game: does the strongest patch of a map, or the middle of a region, lie on the true object?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from box_space import Box, Boxes, OriginalPixels, iou
from numpy.typing import NDArray

from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap, patch_edges_px

TrueBoxes = Box | Boxes | Sequence[Box]
"""Where the object truly is, in any space of the image: one box or several."""


@dataclass(frozen=True)
class PointingScore:
    """How often maps point at the true object, beside what knows nothing of the map."""

    hits: float
    """Sum of hits; a map with several strongest patches counts the share of them that hit."""
    n: int
    """Maps."""
    random_share: float
    """Hits of a point drawn anywhere on the picture: mean share of its area under true boxes."""
    centre_share: float
    """Hits of the middle of the picture."""

    @property
    def share(self) -> float:
        """Hits per map, 0 to 1."""
        return self.hits / self.n


@dataclass(frozen=True)
class RegionScore:
    """How well one region meets the true boxes."""

    centre_hit: bool
    """Its middle lies in a true box."""
    iou: float
    """Intersection over union with the true box that it meets best."""
    covered: float
    """Share of the true boxes' area (overlap counted once) that the region holds: what a crop would still show."""


def pointing_hit(relevance: RelevanceMap, true_boxes: TrueBoxes, *, tolerance_px: float = 0.0) -> float:
    """Return 1 when the middle of the strongest patch lies in a true box, else 0; a share between when several tie.

    A patch's strength and its middle are those of its part on the picture; an empty map ties everywhere.

    Args:
        relevance: of the image.
        true_boxes: clipped to the picture; an edge is inside.
        tolerance_px: original pixels by which true boxes are grown on each side; 15, as a circle, is usual.

    Raises:
        MapError: `no_true_box`, `empty_true_box`, or `bad_setting` for the tolerance.

    Source: Zhang et al. 2016, Top-down Neural Attention by Excitation Backprop (there, of a pixel map).

    >>> from box_space import PatchGrid
    >>> pixels = OriginalPixels(200, 100)
    >>> relevance = RelevanceMap(np.array([[0.0, 3.0], [1.0, 1.0]]), PatchGrid(pixels, columns=2, rows=2))
    >>> pointing_hit(relevance, Box(140, 0, 200, 50, pixels))
    1.0
    """
    true_N4 = true_boxes_xyxy_px(true_boxes, relevance.original, tolerance_px=tolerance_px)
    return float(_inside_any(_strongest_xy_px(relevance), true_N4).mean())


def pointing_game(cases: Iterable[tuple[RelevanceMap, TrueBoxes]], *, tolerance_px: float = 0.0) -> PointingScore:
    """Return how often maps point at their true boxes, with the chance of a random point and of the middle.

    Raises:
        MapError: `no_cases`, or what `pointing_hit` refuses.
    """
    hits: list[float] = []
    random: list[float] = []
    centre: list[bool] = []
    for relevance, true_boxes in cases:
        original = relevance.original
        true_N4 = true_boxes_xyxy_px(true_boxes, original, tolerance_px=tolerance_px)
        hits.append(float(_inside_any(_strongest_xy_px(relevance), true_N4).mean()))
        random.append(_union_area(true_N4) / (original.width * original.height))
        centre.append(bool(_inside_any(np.array([[original.width / 2, original.height / 2]]), true_N4)[0]))
    if not hits:
        raise MapError("no_cases", "a pointing game needs at least one map with true boxes; got none.")
    return PointingScore(sum(hits), len(hits), float(np.mean(random)), float(np.mean(centre)))


def region_score(box: Box, true_boxes: TrueBoxes) -> RegionScore:
    """Return whether the middle of a region's box hits, how much it overlaps, and how much of the truth it holds.

    Raises:
        MapError: as `pointing_hit`.

    >>> pixels = OriginalPixels(100, 100)
    >>> region_score(Box(0, 0, 50, 50, pixels), Box(20, 20, 70, 70, pixels))
    RegionScore(centre_hit=True, iou=0.21951219512195122, covered=0.36)
    """
    pixels = box.to(box.space.original)
    true_N4 = true_boxes_xyxy_px(true_boxes, pixels.space.original)
    held_N4 = np.clip(true_N4, np.tile(pixels.xyxy[:2], 2), np.tile(pixels.xyxy[2:], 2))
    return RegionScore(
        centre_hit=bool(_inside_any(np.array([pixels.center_xy]), true_N4)[0]),
        iou=float(iou([pixels.xyxy], true_N4).max()),
        covered=_union_area(held_N4) / _union_area(true_N4),
    )


def true_boxes_xyxy_px(
    true_boxes: TrueBoxes, original: OriginalPixels, *, tolerance_px: float = 0.0
) -> NDArray[np.float64]:
    """Return true boxes as `(N, 4)` original pixels, grown by the tolerance and clipped to the picture.

    Raises:
        MapError: `no_true_box`, `empty_true_box` for one without area on the picture, or `bad_setting`.
        BoxError: `other_image` for boxes of another image.
    """
    if not tolerance_px >= 0:
        raise MapError("bad_setting", f"tolerance_px must be at least 0; got {tolerance_px}.")
    boxes = [true_boxes] if isinstance(true_boxes, Box) else list(true_boxes)
    if not boxes:
        raise MapError("no_true_box", "true_boxes must hold at least one box; got none.")
    for box in boxes:
        if box.to(original).clipped().area <= 0:
            raise MapError(
                "empty_true_box", f"a true box must cover some of the picture; got {box.xyxy} in {box.space}."
            )
    xyxy_N4 = np.array([box.to(original).xyxy for box in boxes]) + tolerance_px * np.array([-1, -1, 1, 1])
    return Boxes(xyxy_N4, original).clipped().xyxy_N4


def _strongest_xy_px(relevance: RelevanceMap) -> NDArray[np.float64]:
    """Middles `(M, 2)` of the patches with the largest share: of their parts on the picture."""
    shares, edges = relevance.shares(), patch_edges_px(relevance.grid)
    strongest = (shares >= shares.max() * (1 - 1e-9)) & (relevance.covered_hw() > 0)
    rows, columns = np.nonzero(strongest)
    x_px, y_px = (edges.x_px[:-1] + edges.x_px[1:]) / 2, (edges.y_px[:-1] + edges.y_px[1:]) / 2
    return np.stack([x_px[columns], y_px[rows]], axis=1)


def _inside_any(xy_M2: NDArray[np.float64], boxes_N4: NDArray[np.float64]) -> NDArray[np.bool_]:
    inside = (xy_M2[:, None] >= boxes_N4[None, :, :2]) & (xy_M2[:, None] <= boxes_N4[None, :, 2:])
    return np.any(inside.all(axis=2), axis=1)


def _union_area(boxes_N4: NDArray[np.float64]) -> float:
    """Area under any of the boxes, on the grid that all their edges draw."""
    x, y = np.unique(boxes_N4[:, [0, 2]]), np.unique(boxes_N4[:, [1, 3]])
    in_x = (boxes_N4[:, :1] <= x[:-1]) & (x[1:] <= boxes_N4[:, 2:3])
    in_y = (boxes_N4[:, 1:2] <= y[:-1]) & (y[1:] <= boxes_N4[:, 3:])
    under = (in_y[:, :, None] & in_x[:, None, :]).any(axis=0)
    return float(np.diff(y) @ under @ np.diff(x))
