"""From a relevance map to the region worth a closer look: the smallest square that holds enough of the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from box_space import Box
from numpy.typing import NDArray

from roi_attention.errors import MapError
from roi_attention.maps import PatchEdges, RelevanceMap, patch_edges_px
from roi_attention.pointing import RegionScore, TrueBoxes, region_score

SIDES = (0.25, 0.35, 0.5, 0.7, 1.0)
"""Sides of candidate squares as shares of the image's shorter side."""

_NOISE = 1e-9
"""Masses and distances this close are equal."""


@dataclass(frozen=True)
class Region:
    """Where to look closer."""

    box: Box
    """A square inside the image, or the whole image; original pixels."""
    mass: float
    """Share of the map's relevance that falls inside, 0 to 1; 0 for an empty map."""
    side: float
    """Side as a share of the image's shorter side; 1 when whole."""
    is_whole: bool
    """No square was chosen."""


@dataclass(frozen=True)
class MassChoice:
    """How regions meet the true boxes at one threshold of mass."""

    threshold: float
    """The `mass` that was asked of a region."""
    centre_hits: float
    """Share of regions whose middle lies in a true box."""
    mean_iou: float
    """Mean IoU with the true box met best."""
    mean_covered: float
    """Mean share of the true boxes' area that the region holds."""
    whole_share: float
    """Share of maps that gave the whole image."""


def find_region(
    relevance: RelevanceMap,
    *,
    mass: float = 0.5,
    sides: Sequence[float] = SIDES,
    shortest: float = 0.25,
) -> Region:
    """Return the smallest square with at least `mass` of a map's relevance, else the whole image.

    Relevance is spread evenly over each patch's part on the picture. For each side the best window is the best of all
    positions, not of a raster: the mass under a moving window is linear between the positions where one of its edges
    meets a patch's edge, so the maximum lies at one of those. Windows lie inside the image; among equal ones the one
    centred closest to the middle of the relevance it holds wins, then the one closest to the top, then to the left.

    Args:
        relevance: an empty map, or one equal everywhere on the picture, gives the whole image.
        mass: the share of relevance to hold, above 0, at most 1; see `tune_mass`.
        sides: candidate sides as shares of the image's shorter side, in any order; on a square image 1 is the whole.
        shortest: sides below are raised to this share, so that a crop keeps something to see.

    Raises:
        MapError: `bad_setting` for a mass, a side or a shortest side out of range.

    Source: the rule is ours; Chain-of-Spot (Liu et al. 2024) stores squares in pixels and publishes no rule.

    >>> from box_space import OriginalPixels, PatchGrid
    >>> values = np.zeros((4, 6))
    >>> values[1, 4] = 1
    >>> find_region(RelevanceMap(values, PatchGrid(OriginalPixels(600, 400), columns=6, rows=4))).box.xyxy
    (400.0, 100.0, 500.0, 200.0)
    """
    _check_settings(mass, sides, shortest)
    if not _says_where(relevance):
        return _whole(relevance)
    for side in sorted({max(side, shortest) for side in sides}):
        box, held = _best_window(relevance, side)
        if held >= mass - _NOISE:
            is_whole = box.xyxy == _image_box(relevance).xyxy
            return Region(box, held, side, is_whole)
    return _whole(relevance)


def mass_inside(relevance: RelevanceMap, box: Box) -> float:
    """Return the share of a map's relevance inside a box of any space of the image, 0 to 1.

    Source: with a true box, the energy-based pointing game of Wang et al. 2020 (Score-CAM).
    """
    pixels, edges = box.to(relevance.original), patch_edges_px(relevance.grid)
    y = _held(np.array([pixels.y0]), np.array([pixels.y1]), edges.y_px)
    x = _held(np.array([pixels.x0]), np.array([pixels.x1]), edges.x_px)
    return float((y @ relevance.shares() @ x.T)[0, 0])


def tune_mass(
    maps: Sequence[RelevanceMap],
    true_boxes: Sequence[TrueBoxes],
    thresholds: Sequence[float] = (0.3, 0.4, 0.5, 0.6, 0.7),
    *,
    sides: Sequence[float] = SIDES,
    shortest: float = 0.25,
) -> list[MassChoice]:
    """Return, for each threshold of mass, how well the regions of many maps meet their true boxes.

    Raises:
        MapError: `bad_setting` when there are no maps, or not as many true boxes; what `find_region` and `region_score`
            refuse.
    """
    if not maps or len(maps) != len(true_boxes):
        message = f"maps and true_boxes must be as many, at least one; got {len(maps)} and {len(true_boxes)}."
        raise MapError("bad_setting", message)
    choices: list[MassChoice] = []
    for threshold in thresholds:
        regions = [find_region(one, mass=threshold, sides=sides, shortest=shortest) for one in maps]
        scores = [region_score(region.box, truth) for region, truth in zip(regions, true_boxes, strict=True)]
        choices.append(_choice(threshold, regions, scores))
    return choices


def _choice(threshold: float, regions: list[Region], scores: list[RegionScore]) -> MassChoice:
    return MassChoice(
        threshold=threshold,
        centre_hits=float(np.mean([score.centre_hit for score in scores])),
        mean_iou=float(np.mean([score.iou for score in scores])),
        mean_covered=float(np.mean([score.covered for score in scores])),
        whole_share=float(np.mean([region.is_whole for region in regions])),
    )


def _check_settings(mass: float, sides: Sequence[float], shortest: float) -> None:
    if not 0 < mass <= 1:
        raise MapError("bad_setting", f"mass must be above 0 and at most 1; got {mass}.")
    if not sides or not all(0 < side <= 1 for side in sides):
        raise MapError("bad_setting", f"sides must be above 0 and at most 1, at least one of them; got {tuple(sides)}.")
    if not 0 <= shortest <= 1:
        raise MapError("bad_setting", f"shortest must be 0 to 1; got {shortest}.")


def _says_where(relevance: RelevanceMap) -> bool:
    values = relevance.values_hw[relevance.covered_hw() > 0]
    return float(values.max() - values.min()) > _NOISE * float(values.max())


def _image_box(relevance: RelevanceMap) -> Box:
    return Box(0, 0, *relevance.original.extent_wh, space=relevance.original)


def _whole(relevance: RelevanceMap) -> Region:
    box = _image_box(relevance)
    return Region(box, mass_inside(relevance, box), side=1.0, is_whole=True)


class _Windows(NamedTuple):
    """Candidate squares of one side: any of the K columns with any of the M rows."""

    x0_K: NDArray[np.float64]
    x1_K: NDArray[np.float64]
    y0_M: NDArray[np.float64]
    y1_M: NDArray[np.float64]


def _best_window(relevance: RelevanceMap, side: float) -> tuple[Box, float]:
    """The square with the largest mass for a side given as a share of the shorter side, and that mass."""
    (width, height), edges, shares = relevance.original.extent_wh, patch_edges_px(relevance.grid), relevance.shares()
    side_px = side * min(width, height)
    x0, y0 = _starts(edges.x_px, side_px), _starts(edges.y_px, side_px)
    at = _Windows(x0, np.minimum(x0 + side_px, width), y0, np.minimum(y0 + side_px, height))
    mass_MK = _held(at.y0_M, at.y1_M, edges.y_px) @ shares @ _held(at.x0_K, at.x1_K, edges.x_px).T
    rows, columns = np.nonzero(mass_MK >= mass_MK.max() - _NOISE)
    distance = _off_centre(at, rows, columns, edges, shares) if len(rows) > 1 else np.zeros(1)
    # np.nonzero goes row by row, so the first of the closest is the topmost, then the leftmost.
    best = int((distance <= distance.min() + _NOISE * side_px).argmax())
    row, column = rows[best], columns[best]
    xyxy = (at.x0_K[column], at.y0_M[row], at.x1_K[column], at.y1_M[row])
    return Box(*map(float, xyxy), space=relevance.original), min(float(mass_MK[row, column]), 1.0)


def _off_centre(
    at: _Windows,
    rows_T: NDArray[np.intp],
    columns_T: NDArray[np.intp],
    edges: PatchEdges,
    shares: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Pixels `(T,)` between the middles of T windows and the centres of mass of what they hold."""
    held_x = _held(at.x0_K, at.x1_K, edges.x_px)[columns_T]
    held_y = _held(at.y0_M, at.y1_M, edges.y_px)[rows_T]
    middle_x = _middles(at.x0_K, at.x1_K, edges.x_px)[columns_T]
    middle_y = _middles(at.y0_M, at.y1_M, edges.y_px)[rows_T]
    by_column, by_row = (held_y @ shares) * held_x, (held_x @ shares.T) * held_y
    mass = by_column.sum(axis=1)
    return np.hypot((by_column * middle_x).sum(axis=1) / mass, (by_row * middle_y).sum(axis=1) / mass)


def _starts(edges_px: NDArray[np.float64], side_px: float) -> NDArray[np.float64]:
    """Low edges `(K,)` of windows of which one edge meets a patch's edge; the image's ends are patches' edges."""
    last = edges_px[-1] - side_px
    starts = np.concatenate([edges_px, edges_px - side_px])
    return np.unique(starts[(starts >= 0) & (starts <= last)])


def _held(
    low_K: NDArray[np.float64], high_K: NDArray[np.float64], edges_px: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share `(K, n)` of each patch's width that windows hold, 0 to 1; 0 for patches without width."""
    start, end = _overlap(low_K, high_K, edges_px)
    width = np.diff(edges_px)
    return np.maximum(end - start, 0) / np.where(width > 0, width, 1)


def _middles(
    low_K: NDArray[np.float64], high_K: NDArray[np.float64], edges_px: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far `(K, n)` the middle of what a window holds of a patch lies from the window's middle."""
    start, end = _overlap(low_K, high_K, edges_px)
    return (start + end - (low_K + high_K)[:, None]) / 2


def _overlap(
    low_K: NDArray[np.float64], high_K: NDArray[np.float64], edges_px: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.maximum(low_K[:, None], edges_px[:-1]), np.minimum(high_K[:, None], edges_px[1:])
