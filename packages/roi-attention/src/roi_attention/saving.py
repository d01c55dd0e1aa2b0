"""Relevance maps as rows of plain values, and back: for Parquet and JSON, without a null in any column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

import numpy as np
from box_space import OriginalPixels, PatchGrid, PixelSpace, ResizedPixels, SquarePadded

from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap


class MapRow(TypedDict):
    """One relevance map; a column of nulls would change its type between files, so unknown numbers are written out."""

    relevance: list[float]
    """`rows * columns` values, row by row, rounded to float32."""
    rows: int
    """Patches down."""
    columns: int
    """Patches across."""
    frame: str
    """The picture that the patches cut: `whole` (the original), `resized`, or `padded` (to a square)."""
    frame_width: int
    """Pixels across of a resized or padded picture; 0: not resized."""
    frame_height: int
    """Pixels down of a resized or padded picture; 0: not resized."""
    width: int
    """Pixels across of the original."""
    height: int
    """Pixels down of the original."""
    method: str
    """How the map was made."""
    target: str
    """The text whose probability was explained."""
    first_order_share: float
    """Share of one-step paths, 0 to 1; -1: unknown."""


def map_to_row(relevance: RelevanceMap) -> MapRow:
    """Return a map as a row of plain values.

    Raises:
        MapError: `too_large` for values beyond float32.

    >>> pixels = OriginalPixels(20, 10)
    >>> row = map_to_row(RelevanceMap(np.array([[0.5, 1.0]]), PatchGrid(pixels, columns=2, rows=1)))
    >>> row["relevance"], row["frame"], row["first_order_share"]
    ([0.5, 1.0], 'whole', -1.0)
    """
    if relevance.values_hw.max() > np.finfo(np.float32).max:
        raise MapError("too_large", f"values must fit float32; got {relevance.values_hw.max():g}. Save shares instead.")
    frame, frame_width, frame_height = _frame_of(relevance.grid.of)
    share = relevance.first_order_share
    return MapRow(
        relevance=relevance.values_hw.astype(np.float32).ravel().tolist(),
        rows=relevance.grid.rows,
        columns=relevance.grid.columns,
        frame=frame,
        frame_width=frame_width,
        frame_height=frame_height,
        width=relevance.original.width,
        height=relevance.original.height,
        method=relevance.method,
        target=relevance.target,
        first_order_share=-1.0 if share is None else float(share),
    )


def row_to_map(row: MapRow | Mapping[str, Any]) -> RelevanceMap:
    """Return the map of a row that `map_to_row` made; other columns of the row are left alone.

    Raises:
        MapError: `missing_field`, `bad_field` for a value of the wrong kind or range, `bad_shape` when there are not
            `rows * columns` values, `bad_values` for values that a map cannot have.
    """
    missing = sorted(set(MapRow.__annotations__) - set(row))
    if missing:
        raise MapError("missing_field", f"a row of a map needs {', '.join(missing)}; got {', '.join(row)}.")
    grid = PatchGrid(_frame(row), _size(row, "columns"), _size(row, "rows"))
    share = _number(row, "first_order_share")
    if share != -1 and not 0 <= share <= 1:
        raise MapError("bad_field", f"first_order_share must be 0 to 1, or -1 for unknown; got {share}.")
    return RelevanceMap(
        _values(row, grid),
        grid,
        method=_text(row, "method"),
        target=_text(row, "target"),
        first_order_share=None if share == -1 else share,
    )


def _frame_of(space: PixelSpace) -> tuple[str, int, int]:
    if isinstance(space, SquarePadded):
        return "padded", space.side or 0, space.side or 0
    if isinstance(space, ResizedPixels):
        return "resized", space.width, space.height
    return "whole", 0, 0


def _frame(row: Mapping[str, Any]) -> PixelSpace:
    original, kind = OriginalPixels(_size(row, "width"), _size(row, "height")), _text(row, "frame")
    width, height = _size(row, "frame_width", least=0), _size(row, "frame_height", least=0)
    if kind == "whole" and width == height == 0:
        return original
    if kind == "resized" and width and height:
        return ResizedPixels(original, width, height)
    if kind == "padded" and width == height:
        return SquarePadded(original, width or None)
    expected = "whole with size 0, resized with a size, or padded with equal sides"
    raise MapError("bad_field", f"frame must be {expected}; got {kind!r} with {width} x {height}.")


def _values(row: Mapping[str, Any], grid: PatchGrid) -> np.ndarray[Any, np.dtype[np.float64]]:
    try:
        values = np.asarray(cast("Sequence[float]", row["relevance"]), np.float64)
    except (TypeError, ValueError) as error:
        raise MapError("bad_field", f"relevance must be a list of numbers; got {row['relevance']!r:.80}.") from error
    if values.shape != (grid.rows * grid.columns,):
        message = f"relevance must be {grid.rows} * {grid.columns} numbers, row by row; got shape {values.shape}."
        raise MapError("bad_shape", message)
    return values.reshape(grid.rows, grid.columns)


def _number(row: Mapping[str, Any], name: str) -> float:
    value = row[name]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise MapError("bad_field", f"{name} must be a number; got {value!r:.80}.")
    return float(value)


def _size(row: Mapping[str, Any], name: str, *, least: int = 1) -> int:
    value = _number(row, name)
    if not value >= least or not value.is_integer():
        raise MapError("bad_field", f"{name} must be a whole number of at least {least}; got {value:g}.")
    return int(value)


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise MapError("bad_field", f"{name} must be text; got {value!r:.80}.")
    return value
