"""One image's relevance map: a value for each patch, in a grid that knows which image it is of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from box_space import OriginalPixels, PatchGrid
from numpy.typing import NDArray
from PIL import Image

from roi_attention.errors import MapError

Method = Literal["relevance", "text_rows", "attention", "input_gradient"]


class PatchEdges(NamedTuple):
    """Where patches begin and end in the original, cut off at its edges: patches on padding alone have no width."""

    x_px: NDArray[np.float64]
    """`(columns + 1,)`, 0 to the width, never falling."""
    y_px: NDArray[np.float64]
    """`(rows + 1,)`, 0 to the height, never falling."""


def patch_edges_px(grid: PatchGrid) -> PatchEdges:
    """Return the edges of a grid's patches in original pixels, cut off at the edges of the picture.

    >>> from box_space import SquarePadded
    >>> patch_edges_px(PatchGrid(SquarePadded(OriginalPixels(640, 480)), columns=4, rows=4)).y_px.tolist()
    [0.0, 80.0, 240.0, 400.0, 480.0]
    """
    at, original = grid.to_original, grid.original
    x_px = np.arange(grid.columns + 1, dtype=np.float64) * at.scale_x + at.shift_x
    y_px = np.arange(grid.rows + 1, dtype=np.float64) * at.scale_y + at.shift_y
    return PatchEdges(_cut(x_px, original.width), _cut(y_px, original.height))


@dataclass(frozen=True, eq=False)
class RelevanceMap:
    """How much each patch of an image counts for an answer.

    >>> from box_space import SquarePadded
    >>> grid = PatchGrid(SquarePadded(OriginalPixels(640, 480), 336), columns=24, rows=24)
    >>> RelevanceMap(np.ones((24, 24)), grid).shares().sum().round(6)
    np.float64(1.0)

    Raises:
        MapError: values that are not a finite, non-negative `(rows, columns)` array.
    """

    values_hw: NDArray[np.float64]
    """`(rows, columns)` of the grid, not negative, copied, read-only; comparable within one map only."""
    grid: PatchGrid
    """Where the patches lie in the image."""
    method: str = "relevance"
    """How it was made."""
    target: str = ""
    """The text whose probability was explained."""
    first_order_share: float | None = None
    """Share of paths of one attention step among all (1: a plain sum of gradient-weighted attention); None: unknown."""

    def __post_init__(self) -> None:
        shape = (self.grid.rows, self.grid.columns)
        values = np.array(self.values_hw, np.float64)
        if values.shape != shape:
            raise MapError("bad_shape", f"values_hw must be {shape}, rows and columns of its grid; got {values.shape}.")
        if not np.isfinite(values).all() or (values < 0).any():
            raise MapError("bad_values", "values_hw must be finite and not negative.")
        values.setflags(write=False)
        object.__setattr__(self, "values_hw", values)

    @property
    def original(self) -> OriginalPixels:
        """The image that the map is of."""
        return self.grid.original

    def covered_hw(self) -> NDArray[np.float64]:
        """Share of each patch that lies on the picture and not on padding: `(rows, columns)`, 0 to 1."""
        edges, at = patch_edges_px(self.grid), self.grid.to_original
        return (np.diff(edges.y_px) / at.scale_y)[:, None] * (np.diff(edges.x_px) / at.scale_x)

    def shares(self) -> NDArray[np.float64]:
        """The map without what fell on padding, summing to 1: `(rows, columns)`; all 0 where nothing is left."""
        values = self.values_hw * self.covered_hw()
        if values.max() <= 0:
            return values
        values = values / values.max()  # first, so that neither huge nor tiny values spoil the sum
        return values / values.sum()

    def relative_to(self, neutral: RelevanceMap, *, floor: float = 0.01) -> RelevanceMap:
        """The map divided by that of a neutral question about the same image, which cancels patches that always count.

        Args:
            neutral: the map for a question such as "Describe the image."
            floor: shares of the neutral map below this part of its largest are raised to it; above 0.

        Raises:
            MapError: `other_grid` when the maps are not of the same patches; `bad_setting` for the floor.
        """
        if not floor > 0:
            raise MapError("bad_setting", f"floor must be above 0; got {floor}.")
        if neutral.grid != self.grid:
            raise MapError("other_grid", f"both maps must be of the same patches; got {self.grid} and {neutral.grid}.")
        below = neutral.shares()
        if below.max() <= 0:
            return self
        ratio = self.shares() / np.maximum(below, floor * below.max())
        return replace(self, values_hw=ratio, method=f"relative_{self.method}", first_order_share=None)


def check_same_image(image: Image.Image, relevance: RelevanceMap) -> None:
    """Refuse a picture that cannot be the one that the map is of.

    Raises:
        MapError: `other_image` when the sizes differ.
    """
    of = relevance.original
    if image.size != (of.width, of.height):
        message = (
            f"the image must be {of.width} x {of.height}, as the map's original; got {image.width} x {image.height}."
        )
        raise MapError("other_image", message)


def _cut(edges_px: NDArray[np.float64], limit: int) -> NDArray[np.float64]:
    """Cut edges off at the ends of the picture, and float noise with them: it would make patches of no width real."""
    for end in (0, limit):
        edges_px = np.where(np.abs(edges_px - end) < 1e-9 * limit, end, edges_px)
    return np.clip(edges_px, 0, limit)
