from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from box_space import OriginalPixels, PatchGrid, SquarePadded
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap
from roi_attention.perturbation import (
    HIDDEN_SHARES,
    Curve,
    deletion_curve,
    insertion_curve,
    mean_curve,
    perturbation_test,
    random_order,
)

BLACK = (0, 0, 0)


def _noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


class _Recorder:
    """A score that keeps what it was shown, and gives each picture its number."""

    def __init__(self) -> None:
        self.calls: list[list[np.ndarray]] = []

    def __call__(self, pictures: Sequence[Image.Image]) -> list[float]:
        self.calls.append([np.asarray(picture) for picture in pictures])
        return [float(n) for n in range(len(pictures))]


def _white_share(pictures: Sequence[Image.Image]) -> list[float]:
    return [float((np.asarray(picture) == 255).all(axis=2).mean()) for picture in pictures]


def _map(values: object, width: int, height: int) -> RelevanceMap:
    array = np.asarray(values, np.float64)
    return RelevanceMap(array, PatchGrid(OriginalPixels(width, height), array.shape[1], array.shape[0]))


def test_patches_vanish_most_relevant_first_equal_ones_row_by_row():
    image, seen = Image.new("RGB", (4, 4), "white"), _Recorder()
    deletion_curve(image, _map([[1, 3], [1, 2]], 4, 4), seen, steps=4, fill=BLACK)
    (pictures,) = seen.calls
    shown = [(picture[::2, ::2, 0] == 255).astype(int).tolist() for picture in pictures]
    assert shown == [[[1, 1], [1, 1]], [[1, 0], [1, 1]], [[1, 0], [1, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 0]]]


def test_equal_patches_of_a_large_map_go_row_by_row_from_either_end():
    values, seen = np.random.default_rng(0).integers(1, 4, (20, 20)), _Recorder()
    shares = tuple(k / 400 for k in range(401))
    white = Image.new("RGB", (20, 20), "white")
    perturbation_test(white, _map(values, 20, 20), seen, shares=shares, fill=BLACK)
    for pictures, most_first in zip(seen.calls, (True, False), strict=True):
        turn = np.argmax(np.stack(pictures)[..., 0].reshape(401, 400) == 0, axis=0)  # the first picture without it
        by_value = sorted(range(400), key=lambda n: (-values.flat[n] if most_first else values.flat[n], n))
        assert np.argsort(turn).tolist() == by_value


def test_a_pixel_belongs_to_the_patch_that_holds_its_middle():
    # Patches end at 2 2/3 and 5 1/3, so that the third pixel is of the first patch, the sixth of the last.
    for width, height in [(8, 1), (1, 8)]:
        seen = _Recorder()
        relevance = _map(np.array([[3, 2, 1]]) if width > 1 else np.array([[3], [2], [1]]), width, height)
        deletion_curve(Image.new("RGB", (width, height), "white"), relevance, seen, steps=3, fill=BLACK)
        assert [int((picture == 0).all(axis=2).sum()) for picture in seen.calls[0]] == [0, 3, 5, 8]


def test_insertion_shows_the_patches_that_deletion_hides():
    image, relevance, hidden, shown = _noise(30, 20), _map(np.arange(6).reshape(2, 3), 30, 20), _Recorder(), _Recorder()
    deletion_curve(image, relevance, hidden, steps=6, fill=BLACK)
    insertion_curve(image, relevance, shown, steps=6, fill=BLACK)
    for left, right in zip(hidden.calls[0], shown.calls[0], strict=True):
        assert np.array_equal(left.astype(int) + right, np.asarray(image))


@settings(max_examples=40)
@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    n=st.integers(1, 9),
    padded=st.booleans(),
    steps=st.integers(1, 12),
)
def test_curves_begin_and_end_with_the_image_and_the_fill_and_change_ever_more_pixels(
    size: tuple[int, int], n: int, padded: bool, steps: int
):
    image, original, seen = _noise(*size), OriginalPixels(*size), _Recorder()
    grid = PatchGrid(SquarePadded(original) if padded else original, n, n)
    relevance = RelevanceMap(np.random.default_rng(1).random((n, n)), grid)
    fill = _noise(*size, seed=2)
    curve = deletion_curve(image, relevance, seen, steps=steps, fill=fill)
    (pictures,) = seen.calls
    assert np.array_equal(pictures[0], np.asarray(image))
    assert np.array_equal(pictures[-1], np.asarray(fill))
    changed = [(picture != pictures[0]).any(axis=2) for picture in pictures]
    assert all((before <= after).all() for before, after in pairwise(changed))
    assert curve.shares == tuple(k / steps for k in range(steps + 1))


def test_every_single_step_changes_pixels_even_where_patches_lie_on_padding_or_between_pixels():
    # 9 rows of patches over 9 canvas pixels, of which the picture has 3; then 7 patches over 5 pixels.
    for original, n, there in [(OriginalPixels(9, 3), 9, 27), (OriginalPixels(5, 5), 7, 25)]:
        seen = _Recorder()
        relevance = RelevanceMap(np.random.default_rng(0).random((n, n)), PatchGrid(SquarePadded(original), n, n))
        white = Image.new("RGB", (original.width, original.height), "white")
        deletion_curve(white, relevance, seen, steps=there, fill=BLACK)
        dark = [(picture == 0).all(axis=2).sum() for picture in seen.calls[0]]
        assert dark == list(range(there + 1))


def test_the_area_is_the_mean_height_of_the_curve():
    assert Curve((0.0, 0.5, 1.0), (1.0, 0.5, 0.0)).area == 0.5
    assert Curve((0.0, 0.25, 1.0), (1.0, 0.0, 0.0)).area == pytest.approx(0.125)
    assert Curve((0.5, 1.0), (0.4, 0.2)).area == pytest.approx(0.3)  # over its own span


def _object_seen(pictures: Sequence[Image.Image]) -> list[float]:
    """An answer that rests on the red square alone: the share of it that can be seen."""
    return [float((np.asarray(p)[20:30, 30:40] == (255, 0, 0)).all(axis=2).mean()) for p in pictures]


def _scene() -> tuple[Image.Image, RelevanceMap]:
    image = Image.new("RGB", (60, 40), (90, 120, 90))
    image.paste((255, 0, 0), (30, 20, 40, 30))
    values = np.ones((8, 12))
    values[4:6, 6:8] = 9  # exactly the red square, in patches of 5 pixels
    return image, RelevanceMap(values, PatchGrid(OriginalPixels(60, 40), 12, 8))


@pytest.mark.parametrize("fill", ["mean", "blur", (0, 0, 0)])
def test_a_map_that_knows_beats_random_orders_by_deletion_and_insertion(fill: str | tuple[int, int, int]):
    image, relevance = _scene()
    knows = (
        deletion_curve(image, relevance, _object_seen, fill=fill),
        insertion_curve(image, relevance, _object_seen, fill=fill),
    )
    for seed in range(5):
        chance = random_order(relevance, seed=seed)
        assert knows[0].area < deletion_curve(image, chance, _object_seen, fill=fill).area - 0.2
        assert knows[1].area > insertion_curve(image, chance, _object_seen, fill=fill).area + 0.2
    # 4 of 96 patches go within the first of 20 steps: the curve falls from 1 to 0 over a share of 0.05.
    assert knows[0].scores == (1.0, *[0.0] * 20) if fill != "blur" else knows[0].scores[1] == 0
    assert knows[0].area == pytest.approx(0.025)


def test_the_perturbation_test_hides_from_both_ends():
    image, relevance = _scene()
    test = perturbation_test(image, relevance, _object_seen)
    assert test.positive.shares == test.negative.shares == HIDDEN_SHARES
    assert test.positive.scores == (1.0, *[0.0] * 8)
    assert test.negative.scores == (*[1.0] * 8, 0.0)  # 95 % hidden is 91 of 92 other patches
    assert test.margin == pytest.approx((0.95 + 0.025) - 0.125)


def test_a_flat_map_has_a_margin_of_nothing_where_position_does_not_matter():
    relevance = _map(np.ones((4, 4)), 40, 40)
    test = perturbation_test(Image.new("RGB", (40, 40), "white"), relevance, _white_share, fill=BLACK)
    assert test.margin == 0


def test_the_mean_fill_keeps_the_mean_colour_and_the_blur_the_place_of_colours():
    image, relevance, mean, blurred = _noise(40, 40), _map(np.ones((2, 2)), 40, 40), _Recorder(), _Recorder()
    deletion_curve(image, relevance, mean, steps=1)
    assert (mean.calls[0][-1] == np.rint(np.asarray(image).mean(axis=(0, 1)))).all()
    half = Image.new("RGB", (40, 40))
    half.paste("white", (0, 0, 20, 40))
    insertion_curve(half, relevance, blurred, steps=1)
    start = blurred.calls[0][0][20, :, 0].astype(int)
    assert (np.diff(start) <= 0).all()
    assert (start[0], start[-1]) == (255, 0)
    assert 100 < start[19:21].mean() < 155


def test_grey_pictures_and_palettes_are_scored_in_colour():
    seen = _Recorder()
    deletion_curve(Image.new("L", (4, 4), 200), _map(np.ones((2, 2)), 4, 4), seen, steps=1)
    assert seen.calls[0][0].shape == (4, 4, 3)
    assert (seen.calls[0][1] == 200).all()


def test_random_orders_follow_their_seed_and_are_fair_to_patches_half_on_padding():
    relevance = RelevanceMap(np.ones((4, 4)), PatchGrid(SquarePadded(OriginalPixels(640, 480)), 4, 4))
    assert np.array_equal(random_order(relevance, seed=3).values_hw, random_order(relevance, seed=3).values_hw)
    first = [int(random_order(relevance, seed=seed).shares().argmax()) for seed in range(800)]
    counts = np.bincount(first, minlength=16)  # expected 50 each, upper and lower rows are half covered
    assert counts.min() > 50 - 4 * 7
    assert counts.max() < 50 + 4 * 7


def test_curves_of_many_images_have_a_mean():
    mean = mean_curve([Curve((0.0, 1.0), (1.0, 0.0)), Curve((0.0, 1.0), (0.5, 0.25))])
    assert mean == Curve((0.0, 1.0), (0.75, 0.125))
    for curves in ([], [mean, Curve((0.0, 0.5), (1.0, 1.0))]):
        with pytest.raises(MapError, match=f"curves must be at least one, of equal shares; got {len(curves)}"):
            mean_curve(curves)


@pytest.mark.parametrize(
    ("settings", "reason", "words"),
    [
        ({"steps": 0}, "bad_setting", "steps must be at least 1; got 0"),
        ({"fill": "grey"}, "bad_setting", "fill must be 'mean', 'blur', an RGB colour or a picture; got 'grey'"),
        ({"fill": (0, 0)}, "bad_setting", r"got \(0, 0\)"),
        ({"fill": Image.new("RGB", (3, 4))}, "other_image", "must be 4 x 4, as the map's original; got 3 x 4"),
    ],
)
def test_settings_that_make_no_curve_are_refused(settings: dict[str, object], reason: str, words: str):
    with pytest.raises(MapError, match=words) as error:
        deletion_curve(Image.new("RGB", (4, 4)), _map(np.ones((2, 2)), 4, 4), _Recorder(), **settings)
    assert error.value.reason == reason


@pytest.mark.parametrize("shares", [(), (0.5,), (0.5, 0.5), (0.6, 0.5), (-0.1, 1), (0, 1.1)])
def test_hidden_shares_must_rise_within_zero_and_one(shares: tuple[float, ...]):
    with pytest.raises(MapError, match="shares must rise within 0 to 1, at least two of them"):
        perturbation_test(Image.new("RGB", (4, 4)), _map(np.ones((2, 2)), 4, 4), _Recorder(), shares=shares)


@pytest.mark.parametrize("scores", [[1.0], [1.0, 2.0, 3.0, 4.0], [0.0, float("nan"), 1.0], [[1.0], [1.0], [1.0]]])
def test_a_score_must_be_a_finite_number_for_each_picture(scores: list[float]):
    with pytest.raises(MapError, match="a finite number for each of 3 pictures") as error:
        deletion_curve(Image.new("RGB", (4, 4)), _map(np.ones((2, 2)), 4, 4), lambda _: scores, steps=2)
    assert error.value.reason == "bad_scores"


def test_a_map_of_another_picture_is_refused():
    with pytest.raises(MapError, match="must be 4 x 4") as error:
        insertion_curve(Image.new("RGB", (4, 5)), _map(np.ones((2, 2)), 4, 4), _Recorder())
    assert error.value.reason == "other_image"
