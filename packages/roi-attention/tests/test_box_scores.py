from __future__ import annotations

import numpy as np
import pytest
from box_space import Box, BoxError, Boxes, OriginalPixels, PatchGrid, SquarePadded, llava_space
from hypothesis import given, settings
from hypothesis import strategies as st
from roi_attention.box_scores import box_scores_to_map, otsu_mask, otsu_threshold
from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap
from skimage.filters import threshold_otsu

PIXELS = OriginalPixels(12, 8)
EACH_PIXEL = PatchGrid(PIXELS, columns=12, rows=8)

scored_boxes = st.lists(
    st.tuples(
        st.tuples(st.integers(-3, 15), st.integers(-3, 11), st.integers(-3, 15), st.integers(-3, 11)),
        st.sampled_from([0.0, 0.1, 0.5, 0.5, 2.0]),
    ),
    max_size=8,
)


def _painted(scored: list[tuple[tuple[int, int, int, int], float]]) -> tuple[list[Box], list[float], np.ndarray]:
    """Boxes, scores and the value of each pixel by the rule as it is said: the largest of those that cover it."""
    boxes = [Box(min(a, c), min(b, d), max(a, c), max(b, d), PIXELS) for (a, b, c, d), _ in scored]
    scores = [score for _, score in scored]
    values = np.zeros((8, 12))
    for y in range(8):
        for x in range(12):
            over = [s for box, s in zip(boxes, scores, strict=True) if box.x0 <= x < box.x1 and box.y0 <= y < box.y1]
            values[y, x] = max(over, default=0)
    return boxes, scores, values


@settings(max_examples=40)
@given(scored=scored_boxes)
def test_each_pixel_takes_the_largest_score_of_the_boxes_that_cover_it(scored):
    boxes, scores, values = _painted(scored)
    relevance = box_scores_to_map(boxes, scores, EACH_PIXEL, target="yes")
    np.testing.assert_allclose(relevance.values_hw, values)
    assert (relevance.method, relevance.target) == ("box_scores", "yes")


@settings(max_examples=40)
@given(scored=scored_boxes)
def test_a_patch_takes_the_mean_of_its_pixels(scored):
    boxes, scores, values = _painted(scored)
    relevance = box_scores_to_map(boxes, scores, PatchGrid(PIXELS, columns=3, rows=2))
    np.testing.assert_allclose(relevance.values_hw, values.reshape(2, 4, 3, 4).mean(axis=(1, 3)))


@settings(max_examples=40)
@given(scored=scored_boxes, seed=st.integers(0, 99))
def test_the_order_of_boxes_does_not_matter(scored, seed: int):
    boxes, scores, _ = _painted(scored)
    order = np.random.default_rng(seed).permutation(len(boxes))
    shuffled = box_scores_to_map([boxes[n] for n in order], [scores[n] for n in order], EACH_PIXEL)
    assert np.array_equal(shuffled.values_hw, box_scores_to_map(boxes, scores, EACH_PIXEL).values_hw)


def test_a_patch_half_on_padding_takes_the_mean_of_its_part_on_the_picture():
    grid = PatchGrid(SquarePadded(OriginalPixels(640, 480)), columns=4, rows=4)  # the upper patches reach down to 80
    boxes = Boxes([[0, 0, 160, 40]], grid.original)
    values = box_scores_to_map(boxes, [1.0], grid).values_hw
    np.testing.assert_allclose(values[0], [0.5, 0, 0, 0])
    everything = box_scores_to_map(Boxes([[0, 0, 1, 1]], llava_space(640, 480)), [0.3], grid)
    np.testing.assert_allclose(everything.values_hw, 0.3)


def test_patches_on_padding_alone_take_nothing():
    grid = PatchGrid(SquarePadded(OriginalPixels(80, 40)), columns=8, rows=8)
    values = box_scores_to_map(Boxes([[0, 0, 1, 1]], llava_space(80, 40)), [1.0], grid).values_hw
    np.testing.assert_allclose(values[:, 0], [0, 0, 1, 1, 1, 1, 0, 0])


@pytest.mark.parametrize("scores", [[], [1.0, 2.0], [-0.1], [float("nan")], [float("inf")]])
def test_scores_must_be_finite_not_negative_and_one_per_box(scores: list[float]):
    with pytest.raises(MapError, match="scores must be 1 finite numbers of at least 0, one per box") as error:
        box_scores_to_map([Box(0, 0, 1, 1, PIXELS)], scores, EACH_PIXEL)
    assert error.value.reason == "bad_scores"


def test_boxes_of_another_image_are_refused():
    with pytest.raises(BoxError, match="one image"):
        box_scores_to_map([Box(0, 0, 1, 1, OriginalPixels(5, 5))], [1.0], EACH_PIXEL)


def test_otsu_by_hand():
    # 0 0 0 4 | 10 10: split after 0: 3*3*(0 - 8)^2 = 576; after 4: 4*2*(1 - 10)^2 = 648.
    assert otsu_threshold(np.array([0, 0, 0, 4, 10, 10], np.uint8)) == 4
    # 0 4 | 10 10 10 10 10 10 the other way round: after 0: 1*7*(0 - 64/7)^2 = 585.1; after 4: 2*6*(2 - 10)^2 = 768.
    assert otsu_threshold(np.array([10, 4, 10, 0, 10, 10, 10, 10], np.uint8)) == 4
    # Equal splits: the lower. 0 | 1 2 and 0 1 | 2: 1*2*1.5^2 both.
    assert otsu_threshold(np.array([0, 1, 2], np.uint8)) == 0


@pytest.mark.parametrize("seed", range(25))
def test_otsu_splits_as_scikit_image_does(seed: int):
    generator = np.random.default_rng(seed)
    cold, hot = generator.normal(60, 15, 300), generator.normal(150 + 3 * seed, 25, generator.integers(5, 276))
    levels = np.clip(np.concatenate([cold, hot]), 0, 255).astype(np.uint8)
    assert np.array_equal(levels > otsu_threshold(levels), levels > threshold_otsu(levels))


@pytest.mark.parametrize("seed", range(5))
def test_the_mask_is_that_of_the_stretched_map(seed: int):
    values = np.random.default_rng(seed).gamma(0.5, size=(24, 24)) + 3
    relevance = RelevanceMap(values, PatchGrid(OriginalPixels(480, 480), 24, 24))
    levels = ((values - values.min()) / np.ptp(values) * 255).astype(np.uint8)
    mask = otsu_mask(relevance)
    assert np.array_equal(mask, levels > threshold_otsu(levels))
    assert 0 < mask.sum() < mask.size


def test_padding_takes_no_part_in_the_mask():
    grid = PatchGrid(SquarePadded(OriginalPixels(80, 40)), columns=8, rows=8)
    values = np.ones((8, 8))
    values[3, 3], values[0] = 2, 1000
    expected = np.zeros((8, 8), bool)
    expected[3, 3] = True
    assert np.array_equal(otsu_mask(RelevanceMap(values, grid)), expected)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_flat_map_has_an_empty_mask(value: float):
    assert not otsu_mask(RelevanceMap(np.full((8, 12), value), EACH_PIXEL)).any()
