from __future__ import annotations

import copy

import numpy as np
import pytest
from box_space import OriginalPixels, PatchGrid, ResizedPixels, SquarePadded
from PIL import Image
from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap, check_same_image, patch_edges_px

WIDE = PatchGrid(SquarePadded(OriginalPixels(640, 480), 336), columns=24, rows=24)


def test_padding_above_and_below_a_wide_picture_is_three_rows_of_24_each():
    covered = RelevanceMap(np.ones((24, 24)), WIDE).covered_hw()
    assert covered[:3].max() == covered[-3:].max() == 0
    np.testing.assert_allclose(covered[3:-3], 1, rtol=1e-12)


def test_a_row_half_on_padding_counts_half():
    grid = PatchGrid(SquarePadded(OriginalPixels(640, 480)), columns=4, rows=4)  # 160 pixels a patch, border 80
    np.testing.assert_allclose(RelevanceMap(np.ones((4, 4)), grid).covered_hw()[:, 0], [0.5, 1, 1, 0.5])


@pytest.mark.parametrize("size", [(640, 480), (481, 640), (333, 1000), (7, 5), (1000, 1)])
@pytest.mark.parametrize("n", [1, 3, 16, 24, 27])
def test_patches_cover_exactly_the_area_of_the_picture(size: tuple[int, int], n: int):
    grid = PatchGrid(SquarePadded(OriginalPixels(*size), 336), columns=n, rows=n)
    patch_px = grid.to_original.scale_x * grid.to_original.scale_y
    covered_px = RelevanceMap(np.ones((n, n)), grid).covered_hw().sum() * patch_px
    np.testing.assert_allclose(covered_px, size[0] * size[1], rtol=1e-9)
    edges = patch_edges_px(grid)
    assert (edges.x_px[0], edges.x_px[-1], edges.y_px[0], edges.y_px[-1]) == (0, size[0], 0, size[1])


def test_a_resized_grid_covers_the_whole_picture():
    grid = PatchGrid(ResizedPixels(OriginalPixels(641, 479), 644, 476), columns=23, rows=17)
    np.testing.assert_allclose(RelevanceMap(np.ones((17, 23)), grid).covered_hw(), 1, rtol=1e-9)


def test_shares_leave_padding_out_and_sum_to_one():
    values = np.ones((24, 24))
    values[0] = 1e9
    shares = RelevanceMap(values, WIDE).shares()
    assert shares[0].max() == 0
    np.testing.assert_allclose(shares.sum(), 1)


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1, 1e20, 1e307])
def test_shares_do_not_depend_on_the_scale_of_values(scale: float):
    grid = PatchGrid(OriginalPixels(4, 2), columns=4, rows=2)
    values = np.arange(1.0, 9.0).reshape(2, 4)
    np.testing.assert_allclose(RelevanceMap(values * scale, grid).shares(), values / 36, rtol=1e-12)


def test_an_empty_map_has_no_shares():
    assert RelevanceMap(np.zeros((24, 24)), WIDE).shares().sum() == 0


def test_values_are_copied_and_cannot_be_written():
    values = np.ones((24, 24))
    relevance = RelevanceMap(values, WIDE)
    values[:] = 0
    assert relevance.values_hw.min() == 1
    with pytest.raises(ValueError, match="read-only"):
        relevance.values_hw[0, 0] = 2
    assert copy.deepcopy(relevance).grid == WIDE


@pytest.mark.parametrize(
    ("values", "reason", "words"),
    [
        (np.ones((24, 23)), "bad_shape", r"must be \(24, 24\), rows and columns of its grid; got \(24, 23\)"),
        (np.full((24, 24), -1.0), "bad_values", "finite and not negative"),
        (np.full((24, 24), np.nan), "bad_values", "finite and not negative"),
        (np.full((24, 24), np.inf), "bad_values", "finite and not negative"),
    ],
)
def test_values_that_are_no_map_are_refused(values: np.ndarray, reason: str, words: str):
    with pytest.raises(MapError, match=words) as error:
        RelevanceMap(values, WIDE)
    assert error.value.reason == reason


def test_a_neutral_map_cancels_patches_that_always_count():
    grid = PatchGrid(OriginalPixels(30, 10), columns=3, rows=1)
    neutral = RelevanceMap(np.array([[8.0, 1.0, 1.0]]), grid)
    relative = RelevanceMap(np.array([[8.0, 1.0, 3.0]]), grid, method="attention").relative_to(neutral)
    # Shares 8/12, 1/12, 3/12 by shares 0.8, 0.1, 0.1.
    np.testing.assert_allclose(relative.values_hw, [[5 / 6, 5 / 6, 2.5]])
    assert relative.method == "relative_attention"


def test_small_neutral_shares_are_raised_to_the_floor():
    grid = PatchGrid(OriginalPixels(20, 10), columns=2, rows=1)
    relative = RelevanceMap(np.ones((1, 2)), grid).relative_to(RelevanceMap(np.array([[1.0, 0.0]]), grid), floor=0.1)
    np.testing.assert_allclose(relative.values_hw, [[0.5, 5.0]])


def test_a_neutral_map_of_other_patches_or_a_floor_of_nothing_is_refused():
    relevance, other = RelevanceMap(np.ones((24, 24)), WIDE), PatchGrid(OriginalPixels(640, 480), 24, 24)
    with pytest.raises(MapError, match="same patches"):
        relevance.relative_to(RelevanceMap(np.ones((24, 24)), other))
    with pytest.raises(MapError, match="floor must be above 0; got 0"):
        relevance.relative_to(relevance, floor=0)


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(MapError, match=r"must be 640 x 480, as the map's original; got 480 x 640") as error:
        check_same_image(Image.new("RGB", (480, 640)), RelevanceMap(np.ones((24, 24)), WIDE))
    assert error.value.reason == "other_image"
