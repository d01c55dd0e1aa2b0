from __future__ import annotations

import numpy as np
import pytest
from box_space import Box, BoxError, Boxes, OriginalPixels, PatchGrid, SquarePadded, llava_space
from hypothesis import given, settings
from hypothesis import strategies as st
from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap
from roi_attention.pointing import PointingScore, TrueBoxes, pointing_game, pointing_hit, region_score

PIXELS = OriginalPixels(100, 100)


def _map(values: object, original: OriginalPixels = PIXELS) -> RelevanceMap:
    array = np.asarray(values, np.float64)
    return RelevanceMap(array, PatchGrid(original, array.shape[1], array.shape[0]))


DIAGONAL = _map([[0, 0], [0, 5]])  # points at (75, 75)


@pytest.mark.parametrize(
    ("box", "tolerance_px", "hit"),
    [
        ((50, 50, 100, 100), 0, 1),
        ((75, 75, 80, 80), 0, 1),  # an edge is inside
        ((0, 0, 74, 74), 0, 0),
        ((0, 0, 74, 74), 1, 1),
        ((0, 0, 74, 60), 1, 0),
        ((0, 0, 74, 60), 15, 1),
        ((70, 0, 80, 74.5), 0.4, 0),
    ],
)
def test_a_hit_is_a_strongest_patch_whose_middle_lies_in_the_box(
    box: tuple[float, float, float, float], tolerance_px: float, hit: float
):
    assert pointing_hit(DIAGONAL, Box(*box, space=PIXELS), tolerance_px=tolerance_px) == hit


def test_one_true_box_of_several_is_enough_and_they_may_be_in_any_space():
    truth = Boxes([[0, 0, 0.1, 0.1], [0.7, 0.7, 0.8, 0.8]], llava_space(100, 100))
    assert pointing_hit(DIAGONAL, truth) == 1
    assert pointing_hit(DIAGONAL, list(truth)) == 1
    assert pointing_hit(DIAGONAL, truth[0]) == 0


def test_tied_patches_share_the_hit():
    relevance = _map([[5, 5, 0], [5, 0, 5]], OriginalPixels(90, 60))
    assert pointing_hit(relevance, Box(0, 0, 60, 30, relevance.original)) == 0.5


def test_an_empty_map_hits_as_often_as_its_true_boxes_hold_patches():
    assert pointing_hit(_map(np.zeros((10, 10))), Box(0, 0, 50, 20, PIXELS)) == 0.1


def test_an_empty_map_never_points_at_padding():
    grid = PatchGrid(SquarePadded(OriginalPixels(80, 40)), columns=8, rows=8)  # 32 of 64 patches are border
    everything = Box(0, 0, 80, 40, grid.original)
    assert pointing_hit(RelevanceMap(np.zeros((8, 8)), grid), everything) == 1
    assert pointing_hit(RelevanceMap(np.zeros((8, 8)), grid), Box(0, 0, 80, 10, grid.original)) == 0.25


def test_padding_neither_wins_nor_moves_the_point_off_the_picture():
    # Border of 80 pixels above; the upper row of patches of 160 is half on it: its part is 0 to 80, its middle 40.
    original = OriginalPixels(640, 480)
    grid = PatchGrid(SquarePadded(original), columns=4, rows=4)
    values = np.zeros((4, 4))
    values[0, 0], values[1, 1] = 3, 1
    assert pointing_hit(RelevanceMap(values, grid), Box(79, 39, 81, 41, original)) == 1
    values[0, 0] = 1.9  # half of it is less than the other patch
    assert pointing_hit(RelevanceMap(values, grid), Box(239, 159, 241, 161, original)) == 1


def test_the_game_counts_hits_beside_a_random_point_and_the_middle():
    truth = [Box(0, 0, 50, 100, PIXELS), Box(25, 0, 75, 50, PIXELS)]  # together 5000 + 1250 of 10000
    cases: list[tuple[RelevanceMap, TrueBoxes]] = [
        (DIAGONAL, Box(70, 70, 80, 80, PIXELS)),
        (DIAGONAL, truth),
        (_map([[1, 1], [0, 0]]), Box(0, 0, 50, 50, PIXELS)),
    ]
    score = pointing_game(iter(cases))
    assert score == PointingScore(1.5, 3, pytest.approx((0.01 + 0.625 + 0.25) / 3), pytest.approx(2 / 3))
    assert score.share == 0.5


def test_the_random_share_grows_with_the_tolerance_but_not_beyond_the_picture():
    score = pointing_game([(DIAGONAL, Box(0, 0, 10, 10, PIXELS))], tolerance_px=10)
    assert score.random_share == pytest.approx(0.04)


@settings(max_examples=40)
@given(
    corners=st.lists(st.tuples(*[st.integers(-20, 120)] * 4), min_size=1, max_size=5).map(
        lambda rows: [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in rows]
    )
)
def test_the_random_share_is_the_share_of_pixels_under_true_boxes(corners: list[tuple[int, int, int, int]]):
    painted = np.zeros((100, 100), bool)
    for x0, y0, x1, y1 in corners:
        painted[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = True
    boxes = [Box(*row, space=PIXELS) for row in corners]
    if all(box.clipped().area for box in boxes):
        assert pointing_game([(DIAGONAL, boxes)]).random_share == pytest.approx(painted.mean())
    else:
        with pytest.raises(MapError, match="must cover some of the picture"):
            pointing_game([(DIAGONAL, boxes)])


def test_random_maps_hit_about_as_often_as_a_random_point():
    generator, truth = np.random.default_rng(0), Box(10, 20, 60, 80, PIXELS)
    score = pointing_game((_map(generator.random((10, 10))), truth) for _ in range(400))
    assert score.random_share == pytest.approx(0.3)
    assert abs(score.share - 0.3) < 4 * (0.3 * 0.7 / 400) ** 0.5


def test_a_region_is_scored_by_its_middle_its_overlap_and_what_it_holds():
    region = Box(0, 0, 50, 50, PIXELS)
    one = region_score(region, Box(20, 20, 70, 70, PIXELS))
    assert (one.centre_hit, one.iou, one.covered) == (True, pytest.approx(900 / 4100), pytest.approx(0.36))
    # The best IoU of several; what they share is covered once: 2500 of 2500 + 400 - 100.
    many = region_score(region, [region, Box(0, 0, 50, 20, PIXELS), Box(40, 40, 60, 60, PIXELS)])
    assert (many.centre_hit, many.iou, many.covered) == (True, 1, pytest.approx(2500 / 2800))
    apart = region_score(Box(60, 60, 80, 80, PIXELS).to(llava_space(100, 100)), region)
    assert (apart.centre_hit, apart.iou, apart.covered) == (False, 0, 0)


@pytest.mark.parametrize(
    ("truth", "tolerance_px", "reason", "words"),
    [
        ([], 0, "no_true_box", "at least one box; got none"),
        (
            [Box(10, 10, 10, 50, PIXELS)],
            5,
            "empty_true_box",
            r"cover some of the picture; got \(10.0, 10.0, 10.0, 50.0\)",
        ),
        ([Box(110, 10, 120, 50, PIXELS)], 50, "empty_true_box", "cover some of the picture"),
        ([Box(0, 0, 1, 1, PIXELS)], -1, "bad_setting", "tolerance_px must be at least 0; got -1"),
    ],
)
def test_true_boxes_that_decide_nothing_are_refused(truth: list[Box], tolerance_px: float, reason: str, words: str):
    with pytest.raises(MapError, match=words) as error:
        pointing_hit(DIAGONAL, truth, tolerance_px=tolerance_px)
    assert error.value.reason == reason


def test_a_game_without_maps_and_boxes_of_another_image_are_refused():
    with pytest.raises(MapError, match="at least one map with true boxes; got none"):
        pointing_game([])
    with pytest.raises(BoxError, match="one image"):
        pointing_hit(DIAGONAL, Box(0, 0, 1, 1, OriginalPixels(10, 10)))
