from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from box_space import OriginalPixels, PatchGrid, ResizedPixels, SquarePadded
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap
from roi_attention.saving import map_to_row, row_to_map

sizes = st.integers(1, 2000)
originals = st.builds(OriginalPixels, sizes, sizes)
frames = st.one_of(
    originals,
    st.builds(ResizedPixels, originals, sizes, sizes),
    st.builds(SquarePadded, originals, st.none() | sizes),
)


@st.composite
def maps(draw: st.DrawFn) -> RelevanceMap:
    grid = PatchGrid(draw(frames), draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    numbers = st.floats(0, float(np.finfo(np.float32).max))
    return RelevanceMap(
        draw(st_numpy.arrays(np.float64, (grid.rows, grid.columns), elements=numbers)),
        grid,
        draw(st.sampled_from(["relevance", "text_rows", "relative_attention"])),
        draw(st.text()),
        draw(st.none() | st.floats(0, 1)),
    )


@settings(max_examples=40)
@given(relevance=maps())
def test_a_map_survives_the_way_through_a_json_row_up_to_float32(relevance: RelevanceMap):
    back = row_to_map(json.loads(json.dumps(map_to_row(relevance))))
    assert np.array_equal(back.values_hw, relevance.values_hw.astype(np.float32).astype(np.float64))
    assert back.grid == relevance.grid
    assert (back.method, back.target) == (relevance.method, relevance.target)
    assert back.first_order_share == relevance.first_order_share


@settings(max_examples=40)
@given(relevance=maps())
def test_a_second_round_changes_nothing(relevance: RelevanceMap):
    row = map_to_row(relevance)
    assert map_to_row(row_to_map(row)) == row


def _row(**changes: Any) -> dict[str, Any]:
    grid = PatchGrid(SquarePadded(OriginalPixels(640, 480), 336), columns=3, rows=2)
    row = map_to_row(RelevanceMap(np.arange(6.0).reshape(2, 3), grid, target="a dog", first_order_share=0.5))
    return {**row, **changes}


def test_a_row_holds_plain_values_only():
    assert _row() == {
        "relevance": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
        "rows": 2,
        "columns": 3,
        "frame": "padded",
        "frame_width": 336,
        "frame_height": 336,
        "width": 640,
        "height": 480,
        "method": "relevance",
        "target": "a dog",
        "first_order_share": 0.5,
    }
    assert {type(value) for value in _row().values()} == {list, int, str, float}
    assert {type(value) for value in _row()["relevance"]} == {float}


def test_numpy_values_as_table_readers_give_them_and_further_columns_are_read_too():
    row = _row(relevance=np.arange(6, dtype=np.float32), rows=np.int64(2), width=np.int32(640), question="What is it?")
    row["first_order_share"] = np.float32(0.5)
    assert np.array_equal(row_to_map(row).values_hw, np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"relevance": [1.0] * 5}, "bad_shape", r"2 \* 3 numbers, row by row; got shape \(5,\)"),
        ({"relevance": [[1.0] * 3] * 2}, "bad_shape", r"got shape \(2, 3\)"),
        ({"relevance": [1.0] * 5 + [-1.0]}, "bad_values", "finite and not negative"),
        ({"relevance": [1.0] * 5 + [float("nan")]}, "bad_values", "finite and not negative"),
        ({"relevance": [1.0] * 5 + [None]}, "bad_values", "finite and not negative"),
        ({"relevance": "heat"}, "bad_field", "relevance must be a list of numbers; got 'heat'"),
        ({"relevance": [[1.0], 2.0]}, "bad_field", "relevance must be a list of numbers"),
        ({"relevance": None}, "bad_shape", r"got shape \(\)"),
        ({"rows": 0}, "bad_field", "rows must be a whole number of at least 1; got 0"),
        ({"columns": 2.5}, "bad_field", "columns must be a whole number of at least 1; got 2.5"),
        ({"width": "640"}, "bad_field", "width must be a number; got '640'"),
        ({"width": True}, "bad_field", "width must be a number; got True"),
        ({"height": None}, "bad_field", "height must be a number; got None"),
        ({"height": float("nan")}, "bad_field", "height must be a whole number"),
        ({"height": float("inf")}, "bad_field", "height must be a whole number"),
        ({"frame": "tiled"}, "bad_field", "frame must be .*; got 'tiled' with 336 x 336"),
        ({"frame": "whole"}, "bad_field", "whole with size 0"),
        ({"frame": "resized", "frame_width": 0}, "bad_field", "resized with a size"),
        ({"frame_width": 300}, "bad_field", "padded with equal sides; got 'padded' with 300 x 336"),
        ({"frame_width": -1}, "bad_field", "frame_width must be a whole number of at least 0; got -1"),
        ({"method": 3}, "bad_field", "method must be text; got 3"),
        ({"target": None}, "bad_field", "target must be text; got None"),
        ({"first_order_share": 1.5}, "bad_field", "first_order_share must be 0 to 1, or -1 for unknown; got 1.5"),
        ({"first_order_share": float("nan")}, "bad_field", "first_order_share must be 0 to 1"),
    ],
)
def test_a_row_that_is_no_map_is_refused_with_a_reason(changes: dict[str, Any], reason: str, words: str):
    with pytest.raises(MapError, match=words) as error:
        row_to_map(_row(**changes))
    assert error.value.reason == reason


def test_missing_fields_are_named():
    row = _row()
    del row["frame"], row["columns"]
    with pytest.raises(MapError, match="a row of a map needs columns, frame; got relevance, rows") as error:
        row_to_map(row)
    assert error.value.reason == "missing_field"


def test_values_beyond_float32_are_refused_not_saved_as_infinite():
    relevance = RelevanceMap(np.array([[1e39]]), PatchGrid(OriginalPixels(2, 2), 1, 1))
    with pytest.raises(MapError, match=r"values must fit float32; got 1e\+39. Save shares instead") as error:
        map_to_row(relevance)
    assert error.value.reason == "too_large"
