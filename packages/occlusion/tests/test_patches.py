from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from occlusion import IMAGENET_MEAN_RGB, OcclusionError, encode_mask, occlude, patch_side_px
from PIL import Image

WIDTH, HEIGHT = 80, 60


@st.composite
def objects(draw: st.DrawFn) -> tuple[NDArray[np.bool_], tuple[float, float, float, float]]:
    """An ellipse and a box around it that may stick out of the image."""
    x0, y0 = draw(st.floats(-20, 70)), draw(st.floats(-20, 50))
    x1, y1 = x0 + draw(st.floats(12, 90)), y0 + draw(st.floats(12, 70))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    mask = ((2 * x - x0 - x1) / (x1 - x0)) ** 2 + ((2 * y - y0 - y1) / (y1 - y0)) ** 2 <= 1
    if x1 <= 1 or y1 <= 1 or not mask.any():
        return np.ones((HEIGHT, WIDTH), bool), (0.0, 0.0, float(WIDTH), float(HEIGHT))
    return mask, (x0, y0, x1, y1)


def picture(seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def plain_walk(mask: NDArray[np.bool_], box: Any, seed: int, k: int = 0) -> list[tuple[int, int]]:
    patch = patch_side_px(box, size_wh=(WIDTH, HEIGHT))
    x0, y0, x1, y1 = max(int(box[0]), 0), max(int(box[1]), 0), np.ceil(box[2]), np.ceil(box[3])
    rng, step = np.random.default_rng((seed, k)), int(patch**0.5)
    wait = rng.integers(0, patch + 1)
    hits: list[tuple[int, int]] = []
    for y in range(0, HEIGHT, step):
        for x in range(0, WIDTH, step):
            if mask[y, x] and x0 <= x < x1 and y0 <= y < y1:
                if wait == 0:
                    hits.append((x, y))
                wait = rng.integers(0, patch + 1) if wait == 0 else wait - 1
    return hits


@settings(max_examples=60, deadline=None)
@given(objects(), st.integers(0, 2**64 - 1))
def test_the_centres_are_those_of_a_plain_double_loop(thing: Any, seed: int) -> None:
    mask, box = thing
    got = occlude(picture(), mask, box, seed=seed)
    assert [tuple(center) for center in got.centers_xy.tolist()] == plain_walk(mask, box, seed)


@settings(max_examples=60, deadline=None)
@given(objects(), st.integers(0, 1000))
def test_every_changed_pixel_has_the_fill_colour_and_lies_near_the_mask(thing: Any, seed: int) -> None:
    mask, box = thing
    image = picture(1)
    got = occlude(image, mask, box, seed=seed)
    changed = (got.image != image).any(axis=2)
    reach = got.patch_px // 2
    near = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        near[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1] = True
    assert (got.image[changed] == IMAGENET_MEAN_RGB).all()
    assert not (changed & ~near).any()
    assert np.array_equal(image, picture(1))


@settings(max_examples=40, deadline=None)
@given(objects(), st.integers(0, 1000))
def test_arrays_and_pictures_and_in_place_give_the_same_pixels(thing: Any, seed: int) -> None:
    mask, box = thing
    image = picture(2)
    of_array = occlude(image, mask, box, seed=seed)
    of_picture = occlude(Image.fromarray(image), mask, box, seed=seed)
    painted = image.copy()
    in_place = occlude(painted, mask, box, seed=seed, in_place=True)
    turned = occlude(np.asfortranarray(image), np.asfortranarray(mask.astype(np.uint8) * 255), box, seed=seed)
    assert in_place.image is painted
    for other in (np.asarray(of_picture.image), painted, turned.image):
        assert np.array_equal(of_array.image, other)
    assert of_array.covered_share == of_picture.covered_share == turned.covered_share


@settings(max_examples=40, deadline=None)
@given(objects(), objects(), st.integers(0, 1000))
def test_the_covered_share_is_counted_over_all_objects_and_squares(one: Any, two: Any, seed: int) -> None:
    (mask1, box1), (mask2, box2) = one, two
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    got = occlude(black, [mask1, mask2], [box1, box2], seed=seed)
    in_box = np.zeros((2, HEIGHT, WIDTH), bool)
    for k, (mask, box) in enumerate((one, two)):
        x0, y0, x1, y1 = max(int(box[0]), 0), max(int(box[1]), 0), int(np.ceil(box[2])), int(np.ceil(box[3]))
        in_box[k, y0:y1, x0:x1] = mask[y0:y1, x0:x1]
    whole = in_box.any(axis=0)
    assert got.covered_share == pytest.approx((got.image.any(axis=2) & whole).sum() / whole.sum())
    expected = plain_walk(mask1, box1, seed, 0) + plain_walk(mask2, box2, seed, 1)
    assert [tuple(center) for center in got.centers_xy.tolist()] == expected


def test_an_object_is_mostly_covered_and_its_surroundings_are_mostly_not() -> None:
    mask = np.zeros((480, 640), bool)
    mask[100:220, 200:320] = True
    black = np.zeros((480, 640, 3), np.uint8)
    results = [occlude(black, mask, (200, 100, 320, 220), seed=seed) for seed in range(50)]
    assert np.mean([result.covered_share for result in results]) > 0.8
    assert np.mean([result.image.any(axis=2)[~mask].mean() for result in results]) < 0.05


def test_the_covered_area_grows_with_the_object() -> None:
    black = np.zeros((480, 640, 3), np.uint8)
    areas: list[float] = []
    for side in (20, 40, 80, 160, 320):
        mask = np.zeros((480, 640), bool)
        mask[40 : 40 + side, 50 : 50 + side] = True
        box = (50, 40, 50 + side, 40 + side)
        areas.append(np.mean([(occlude(black, mask, box, seed=s).image.any(axis=2) & mask).sum() for s in range(20)]))
    assert areas == sorted(areas)
    assert areas[0] * 16 < areas[-1]


def test_gaps_are_uniform_from_none_to_a_patch() -> None:
    mask = np.ones((400, 400), bool)
    gaps: list[int] = []
    for seed in range(40):
        got = occlude(np.zeros((400, 400, 3), np.uint8), mask, (0, 0, 30, 400), seed=seed)
        order = got.centers_xy[:, 1] // 3 * 10 + got.centers_xy[:, 0] // 3
        gaps += (np.diff(order) - 1).tolist()
    counts = np.bincount(gaps, minlength=11)
    assert len(counts) == 11
    assert counts.min() > 0.85 * counts.mean()


def test_another_seed_gives_another_picture() -> None:
    mask = np.ones((HEIGHT, WIDTH), bool)
    images = [occlude(picture(), mask, (0, 0, WIDTH, HEIGHT), seed=seed).image.tobytes() for seed in range(20)]
    assert len(set(images)) == 20


@pytest.mark.parametrize(
    ("box", "patch"),
    [
        pytest.param((0, 0, 12, 50), 4, id="a third of the shorter side"),
        pytest.param((0, 0, 9, 9), 4, id="never below 4"),
        pytest.param((0, 0, 47.9, 60), 15, id="rounded down"),
        pytest.param((-100, -100, 30, 900), 10, id="of the part inside the image"),
    ],
)
def test_the_patch_side(box: tuple[float, ...], patch: int) -> None:
    assert patch_side_px(box, size_wh=(WIDTH, HEIGHT)) == patch


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"box_xyxy_px": (80, 0, 90, 10)}, "box_outside"),
        ({"box_xyxy_px": (10, 10, 10, 20)}, "bad_box"),
        ({"box_xyxy_px": (10, 10, float("nan"), 20)}, "bad_box"),
        ({"box_xyxy_px": (1, 2, 3)}, "bad_box"),
        ({"mask_hw": np.ones((HEIGHT, WIDTH + 1), bool)}, "bad_mask"),
        ({"mask_hw": [np.ones((HEIGHT, WIDTH), bool)]}, "bad_mask"),
        ({"mask_hw": np.zeros((HEIGHT, WIDTH), bool)}, "empty_mask"),
        ({"image": Image.new("L", (WIDTH, HEIGHT))}, "bad_image"),
        ({"image": np.zeros((HEIGHT, WIDTH, 4), np.uint8)}, "bad_image"),
        ({"image": np.zeros((HEIGHT, WIDTH, 3))}, "bad_image"),
        ({"seed": -1}, "bad_seed"),
    ],
)
def test_wrong_arguments_name_their_reason(change: dict[str, Any], reason: str) -> None:
    right = {"image": picture(), "mask_hw": np.ones((HEIGHT, WIDTH), bool), "box_xyxy_px": (5, 5, 40, 40), "seed": 0}
    occlude(**right)
    with pytest.raises(OcclusionError) as caught:
        occlude(**(right | change))
    assert caught.value.reason == reason


def test_masks_may_come_as_one_array_of_several() -> None:
    masks = np.zeros((2, HEIGHT, WIDTH), bool)
    masks[0, 5:30, 5:30] = masks[1, 20:55, 40:75] = True
    boxes = np.array([[5, 5, 30, 30], [40, 20, 75, 55]], float)
    both = occlude(picture(), masks, boxes, seed=4)
    listed = occlude(picture(), list(masks), boxes.tolist(), seed=4)
    first = occlude(picture(), masks[0], boxes[0], seed=4)
    assert np.array_equal(both.image, listed.image)
    assert both.patch_px == 11
    assert np.array_equal(both.centers_xy[: len(first.centers_xy)], first.centers_xy)
    assert encode_mask(masks[0])["size"] == [HEIGHT, WIDTH]


def test_more_walks_cover_the_share_that_is_asked_for() -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:40, 10:40] = True
    once = occlude(picture(), mask, (10, 10, 40, 40), seed=1)
    fully = occlude(picture(), mask, (10, 10, 40, 40), seed=1, min_covered_share=1.0)
    assert once.covered_share < 1 == fully.covered_share
    assert (fully.image[mask] == IMAGENET_MEAN_RGB).all()
    assert np.array_equal(fully.centers_xy[: len(once.centers_xy)], once.centers_xy)


def test_a_share_that_no_walk_reaches_is_refused() -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[11, 11] = True
    with pytest.raises(OcclusionError, match=r"64 walks covered 0\.00") as caught:
        occlude(picture(), mask, (10, 10, 40, 40), seed=0, min_covered_share=0.5)
    assert caught.value.reason == "uncovered"
