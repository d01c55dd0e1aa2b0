from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from box_space import Box, OriginalPixels, PatchGrid, ResizedPixels, SquarePadded, llava_space
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap
from roi_attention.regions import SIDES, MassChoice, Region, find_region, mass_inside, tune_mass


def _one_hot(grid: PatchGrid, row: int, column: int) -> RelevanceMap:
    values = np.zeros((grid.rows, grid.columns))
    values[row, column] = 1
    return RelevanceMap(values, grid)


def _grid(width: int, height: int, frame: str, columns: int, rows: int) -> PatchGrid:
    original = OriginalPixels(width, height)
    if frame == "padded":
        return PatchGrid(SquarePadded(original, 336), columns, columns)
    return PatchGrid(
        ResizedPixels(original, columns * 28, rows * 28) if frame == "resized" else original, columns, rows
    )


@st.composite
def maps(draw: st.DrawFn) -> RelevanceMap:
    frame = draw(st.sampled_from(["padded", "resized", "whole"]))
    size, patches = st.integers(20, 1200), st.integers(1, 13)
    grid = _grid(draw(size), draw(size), frame, draw(patches), draw(patches))
    values = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random((grid.rows, grid.columns))
    # From nearly flat to one peak.
    return RelevanceMap(values ** draw(st.sampled_from([0.2, 1.0, 4.0, 30.0])), grid)


def _density_of_pixels(relevance: RelevanceMap) -> NDArray[np.float64]:
    """Mass of each pixel, where patches end between pixels: written down without the code under test."""
    at, (width, height) = relevance.grid.to_original, relevance.original.extent_wh
    rows = [int((y + 0.5 - at.shift_y) // at.scale_y) for y in range(int(height))]
    columns = [int((x + 0.5 - at.shift_x) // at.scale_x) for x in range(int(width))]
    density = relevance.values_hw[rows][:, columns]
    return density / density.sum()


# Sizes of which every patch edge, and every window, lies between pixels.
PIXEL_CASES = [
    (_grid(40, 40, "whole", 10, 10), (0.25, 0.35, 0.5, 0.7)),
    (_grid(60, 40, "whole", 6, 8), (0.25, 0.35, 0.5, 0.7, 1.0)),
    (_grid(40, 60, "resized", 4, 20), (0.3, 0.55, 1.0)),
    (_grid(48, 36, "padded", 12, 12), (0.25, 0.5, 0.75, 1.0)),
    (_grid(20, 48, "padded", 8, 8), (0.25, 0.4, 0.7, 1.0)),
]


@pytest.mark.parametrize(("grid", "sides"), PIXEL_CASES)
@pytest.mark.parametrize("seed", range(6))
def test_no_window_of_whole_pixels_holds_more_and_no_smaller_one_holds_enough(
    grid: PatchGrid, sides: tuple[float, ...], seed: int
):
    generator = np.random.default_rng(seed)
    relevance = RelevanceMap(generator.random((grid.rows, grid.columns)) ** generator.choice([1, 3, 9]), grid)
    density = _density_of_pixels(relevance)
    region, expected = find_region(relevance, mass=0.4, sides=sides), None
    for side in sides:
        side_px = round(side * min(density.shape))
        windows = np.lib.stride_tricks.sliding_window_view(density, (side_px, side_px)).sum(axis=(2, 3))
        if windows.max() >= 0.4:
            top, left = np.unravel_index(windows.argmax(), windows.shape)
            expected = (side, windows.max(), (left, top, left + side_px, top + side_px))
            break
    if expected is None:
        assert region.is_whole
    else:
        np.testing.assert_allclose(region.mass, expected[1], rtol=1e-9)
        np.testing.assert_allclose(region.box.xyxy, expected[2], atol=1e-9)
        assert region.side == expected[0]


@settings(max_examples=40, deadline=None)
@given(relevance=maps(), side=st.floats(0.1, 1), at=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_no_window_between_pixels_holds_more(relevance: RelevanceMap, side: float, at: tuple[float, float]):
    best = find_region(relevance, mass=1e-6, sides=[side], shortest=0)
    (width, height), side_px = relevance.original.extent_wh, side * min(relevance.original.extent_wh)
    x0, y0 = at[0] * (width - side_px), at[1] * (height - side_px)
    other = Box(x0, y0, x0 + side_px, y0 + side_px, relevance.original)
    assert mass_inside(relevance, other) <= best.mass + 1e-9


@settings(max_examples=40, deadline=None)
@given(relevance=maps(), mass=st.floats(0.01, 1), shortest=st.floats(0, 1))
def test_a_region_is_a_square_inside_the_picture_that_holds_what_it_says(
    relevance: RelevanceMap, mass: float, shortest: float
):
    region, (width, height) = find_region(relevance, mass=mass, shortest=shortest), relevance.original.extent_wh
    x0, y0, x1, y1 = region.box.xyxy
    assert 0 <= x0 < x1 <= width
    assert 0 <= y0 < y1 <= height
    np.testing.assert_allclose(mass_inside(relevance, region.box), region.mass, atol=1e-9)
    if region.is_whole:
        assert region.box.xyxy == (0, 0, width, height)
        assert region.side == 1
    else:
        np.testing.assert_allclose([x1 - x0, y1 - y0], region.side * min(width, height))
        assert region.mass >= mass - 1e-9
        assert region.side >= shortest


@settings(max_examples=40, deadline=None)
@given(relevance=maps(), scale=st.sampled_from([1e-30, 0.5, 3.0, 1e12]))
def test_the_scale_of_values_does_not_matter(relevance: RelevanceMap, scale: float):
    scaled = replace(relevance, values_hw=relevance.values_hw * scale)
    a, b = find_region(relevance), find_region(scaled)
    assert (a.side, a.is_whole) == (b.side, b.is_whole)
    np.testing.assert_allclose(b.box.xyxy, a.box.xyxy, atol=1e-6)


def _turned(relevance: RelevanceMap) -> RelevanceMap:
    grid, of = relevance.grid, relevance.grid.of
    original = OriginalPixels(grid.original.height, grid.original.width)
    frames = {
        SquarePadded: lambda: SquarePadded(original, 336),
        ResizedPixels: lambda: ResizedPixels(original, *of.extent_wh[::-1]),
        OriginalPixels: lambda: original,
    }
    return RelevanceMap(relevance.values_hw.T, PatchGrid(frames[type(of)](), grid.rows, grid.columns))


@settings(max_examples=40, deadline=None)
@given(relevance=maps())
def test_a_transposed_map_gives_the_transposed_region(relevance: RelevanceMap):
    a, b = find_region(relevance, mass=0.6), find_region(_turned(relevance), mass=0.6)
    np.testing.assert_allclose(b.mass, a.mass, atol=1e-9)
    assert (a.side, a.is_whole) == (b.side, b.is_whole)
    # One column alone makes rows of equal windows, and "top before left" is not the same turned around.
    if min(relevance.values_hw.shape) > 3:
        x0, y0, x1, y1 = a.box.xyxy
        np.testing.assert_allclose(b.box.xyxy, (y0, x0, y1, x1), atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(relevance=maps())
def test_a_mirrored_map_gives_the_mirrored_region(relevance: RelevanceMap):
    # An odd border is split unevenly.
    assume(not isinstance(relevance.grid.of, SquarePadded) or not sum(relevance.original.extent_wh) % 2)
    a = find_region(relevance, mass=0.6)
    b = find_region(replace(relevance, values_hw=relevance.values_hw[:, ::-1]), mass=0.6)
    np.testing.assert_allclose(b.mass, a.mass, atol=1e-9)
    assert a.side == b.side


@settings(max_examples=40, deadline=None)
@given(relevance=maps())
def test_more_mass_never_gives_a_smaller_region(relevance: RelevanceMap):
    areas = [find_region(relevance, mass=mass).box.area for mass in (0.2, 0.4, 0.6, 0.8, 1.0)]
    assert areas == sorted(areas)


def test_relevance_on_padding_counts_for_nothing():
    # A wide picture padded to a square: the upper two of 8 rows of patches are border.
    grid = PatchGrid(SquarePadded(OriginalPixels(80, 40)), columns=8, rows=8)
    values = np.zeros((8, 8))
    values[0, 0], values[3, 6] = 100, 1
    region = find_region(RelevanceMap(values, grid))
    assert region.mass == 1
    assert region.box.xyxy == (60, 10, 70, 20)  # the patch itself: a quarter of 40 pixels


def test_a_window_may_cut_through_patches():
    # Two patches of 50 pixels; a window of 70 x 70 holds all of the first and 20 of the second, 3/4 + 1/4 * 0.4.
    relevance = RelevanceMap(np.array([[3.0, 1.0]]), PatchGrid(OriginalPixels(100, 70), columns=2, rows=1))
    region = find_region(relevance, mass=0.8, sides=[1.0])
    np.testing.assert_allclose(region.mass, 0.75 + 0.25 * 0.4)
    assert region.box.xyxy == (0, 0, 70, 70)
    assert not region.is_whole


def test_a_peak_at_the_corner_is_met_by_shifting_the_window_not_by_shrinking_it():
    grid = PatchGrid(OriginalPixels(640, 480), columns=20, rows=15)
    region = find_region(_one_hot(grid, 14, 19))
    assert region.box.xyxy == (520, 360, 640, 480)
    assert region.side == 0.25


def test_equal_windows_are_settled_by_the_middle_of_what_they_hold_then_by_top_and_left():
    # Patches of 10 pixels, a window of 30: centred on the lone patch.
    grid = PatchGrid(OriginalPixels(100, 100), columns=10, rows=10)
    assert find_region(_one_hot(grid, 5, 5), sides=[0.3]).box.xyxy == (40, 40, 70, 70)
    # A window of 40 cannot be centred on it at a patch's edge: half a patch too far up and left.
    assert find_region(_one_hot(grid, 5, 5), sides=[0.4]).box.xyxy == (30, 30, 70, 70)
    # Two equal peaks that no window joins: the upper one, then the left one.
    two = np.zeros((10, 10))
    two[1, 8] = two[8, 1] = 1
    assert find_region(RelevanceMap(two, grid), sides=[0.3]).box.xyxy == (70, 0, 100, 30)
    assert find_region(RelevanceMap(two[::-1], grid), sides=[0.3]).box.xyxy == (0, 0, 30, 30)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e-200])
@pytest.mark.parametrize("size", [(640, 480), (100, 900), (333, 333)])
@pytest.mark.parametrize("frame", ["padded", "whole", "resized"])
def test_an_empty_or_flat_map_gives_the_whole_image(value: float, size: tuple[int, int], frame: str):
    relevance = RelevanceMap(np.full((24, 24), value), _grid(*size, frame, 24, 24))
    region = find_region(relevance, mass=0.05)
    assert region.is_whole
    assert region.box.xyxy == (0, 0, *size)
    np.testing.assert_allclose(region.mass, 1 if value else 0)


def test_a_map_that_is_flat_but_for_the_padding_gives_the_whole_image():
    values = np.ones((24, 24))
    values[:3], values[-3:] = 7, 0
    assert find_region(RelevanceMap(values, _grid(640, 480, "padded", 24, 24)), mass=0.05).is_whole


def test_where_no_window_holds_enough_the_image_is_returned():
    values = np.zeros((10, 10))
    values[5, 0] = values[5, 9] = 1  # 160 pixels apart; windows are at most 100 wide
    relevance = RelevanceMap(values, PatchGrid(SquarePadded(OriginalPixels(200, 100)), 10, 10))
    assert find_region(relevance, mass=0.6) == Region(Box(0, 0, 200, 100, relevance.original), 1.0, 1.0, True)


def test_a_full_side_is_a_square_of_a_wide_image_but_the_whole_of_a_square_one():
    values = np.zeros((4, 8))
    values[0, 0] = values[3, 3] = 1
    wide = find_region(RelevanceMap(values, PatchGrid(OriginalPixels(80, 40), 8, 4)), mass=0.9)
    assert (wide.box.xyxy, wide.side, wide.is_whole) == ((0, 0, 40, 40), 1.0, False)
    square = find_region(RelevanceMap(values, PatchGrid(OriginalPixels(40, 40), 8, 4)), mass=0.9, sides=[1.0])
    assert (square.box.xyxy, square.side, square.is_whole) == ((0, 0, 40, 40), 1.0, True)


def test_sides_come_in_any_order_and_none_is_shorter_than_the_shortest():
    grid = PatchGrid(OriginalPixels(100, 100), columns=10, rows=10)
    assert find_region(_one_hot(grid, 5, 5), sides=[0.7, 0.1, 0.3]).side == 0.25
    assert find_region(_one_hot(grid, 5, 5), sides=[0.7, 0.1, 0.3], shortest=0).side == 0.1
    assert find_region(_one_hot(grid, 5, 5), sides=SIDES[::-1], shortest=0.6).side == 0.6


def test_all_of_the_mass_can_be_asked_for_in_spite_of_rounding():
    values = np.random.default_rng(0).random((4, 4))
    full = np.zeros((24, 24))
    full[10:14, 10:14] = values
    region = find_region(RelevanceMap(full, PatchGrid(OriginalPixels(480, 480), 24, 24)), mass=1.0)
    assert (region.side, region.is_whole) == (0.25, False)
    assert region.mass <= 1


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"mass": 0.0}, "mass must be above 0 and at most 1; got 0.0"),
        ({"mass": 1.1}, "mass must be above 0 and at most 1; got 1.1"),
        ({"mass": float("nan")}, "mass must be above 0"),
        ({"sides": []}, "at least one of them"),
        ({"sides": [0.5, 2]}, r"sides must be above 0 and at most 1.*got \(0.5, 2\)"),
        ({"shortest": 1.5}, "shortest must be 0 to 1; got 1.5"),
    ],
)
def test_settings_out_of_range_are_refused(setting: dict[str, float], words: str):
    relevance = _one_hot(PatchGrid(OriginalPixels(10, 10), 2, 2), 0, 0)
    with pytest.raises(MapError, match=words) as error:
        find_region(relevance, **setting)
    assert error.value.reason == "bad_setting"


def test_mass_inside_is_the_share_of_relevance_under_a_box_of_any_space():
    original = OriginalPixels(80, 40)
    relevance = RelevanceMap(np.ones((8, 8)), PatchGrid(SquarePadded(original), 8, 8))
    np.testing.assert_allclose(mass_inside(relevance, Box(0, 0, 20, 10, original)), 1 / 16)
    np.testing.assert_allclose(mass_inside(relevance, Box(0, 0, 1, 0.5, llava_space(80, 40))), 0.5)
    np.testing.assert_allclose(mass_inside(relevance, Box(-100, -100, 500, 500, original)), 1)
    assert mass_inside(relevance, Box(5, 5, 5, 30, original)) == 0


def test_tuning_measures_every_threshold_by_hand_worked_numbers():
    original = OriginalPixels(100, 100)
    values = np.zeros((10, 10))
    values[1, 1], values[8, 8] = 6, 4
    maps_ = [RelevanceMap(values, PatchGrid(original, 10, 10))] * 2
    truth = [Box(0, 0, 25, 25, original), [Box(50, 50, 100, 100, original)]]
    low, high = tune_mass(maps_, truth, [0.5, 0.7], sides=[0.25, 0.5])
    # 0.5: windows from 0, 5 and 10 hold the larger peak; the first two are as close to its middle: (0, 0, 25, 25).
    assert low == MassChoice(threshold=0.5, centre_hits=0.5, mean_iou=0.5, mean_covered=0.5, whole_share=0.0)
    # 0.7: no window holds both peaks, so the whole image, whose middle lies on the corner of the second truth only.
    assert high == MassChoice(0.7, 0.5, (0.0625 + 0.25) / 2, 1.0, 1.0)


def test_tuning_needs_as_many_true_boxes_as_maps():
    relevance = _one_hot(PatchGrid(OriginalPixels(10, 10), 2, 2), 0, 0)
    with pytest.raises(MapError, match="as many, at least one; got 1 and 0"):
        tune_mass([relevance], [])
    with pytest.raises(MapError, match="got 0 and 0"):
        tune_mass([], [])


@pytest.mark.parametrize(("columns", "rows", "limit_s"), [(24, 24, 0.005), (80, 60, 0.05)])
@pytest.mark.parametrize("power", [1, 1e9])  # dense; one patch alone, so that many windows are equal
def test_a_region_is_found_in_milliseconds(columns: int, rows: int, limit_s: float, power: float):
    values = np.random.default_rng(0).random((rows, columns))
    grid = PatchGrid(OriginalPixels(columns * 28, rows * 28), columns, rows)
    relevance, times = RelevanceMap((values / values.max()) ** power, grid), []
    for _ in range(7):
        start = time.process_time()
        find_region(relevance)
        times.append(time.process_time() - start)
    assert min(times) < limit_s
