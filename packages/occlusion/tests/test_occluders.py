from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from occlusion import OcclusionError, occlude
from occlusion.occluders import OCCLUDER_NAMES, BlurOccluder, FillOccluder, PixelateOccluder, dilate_mask, load_occluder
from PIL import Image, ImageFilter

WIDTH, HEIGHT = 60, 44
Thing = tuple[NDArray[np.bool_], tuple[float, float, float, float]]


@st.composite
def objects(draw: st.DrawFn) -> Thing:
    """From one pixel to the whole picture: an ellipse, its box, either may touch or leave the image."""
    x0, y0 = draw(st.integers(-10, WIDTH - 1)), draw(st.integers(-10, HEIGHT - 1))
    x1, y1 = x0 + draw(st.integers(1, 90)), y0 + draw(st.integers(1, 70))
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    mask = ((2 * x - x0 - x1) / (x1 - x0)) ** 2 + ((2 * y - y0 - y1) / (y1 - y0)) ** 2 <= 1.2
    if not mask.any():
        return np.ones((HEIGHT, WIDTH), bool), (0, 0, WIDTH, HEIGHT)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return mask, (float(columns[0]) - 2, float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1.5)


def picture(seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def plain_dilation(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    grown = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        grown[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1] = True
    return grown


@settings(max_examples=25, deadline=None)
@given(objects(), st.integers(0, 80))
def test_a_dilated_mask_holds_all_within_reach_and_nothing_else(thing: Thing, reach: int) -> None:
    mask = thing[0]
    assert np.array_equal(dilate_mask(mask, reach), plain_dilation(mask, reach))


@pytest.mark.parametrize("name", OCCLUDER_NAMES)
@settings(max_examples=25, deadline=None)
@given(thing=objects(), seed=st.integers(0, 2**40), dilate_px=st.integers(0, 9))
def test_equal_arguments_give_equal_bytes_and_the_input_is_unchanged(
    name: str, thing: Thing, seed: int, dilate_px: int
) -> None:
    mask, box = thing
    hide, image = load_occluder(name, dilate_px=dilate_px), picture()
    first = hide(image, mask, box, seed=seed)
    again = hide(image, mask.astype(np.uint8) * 7, box, seed=seed)
    of_picture = hide(Image.fromarray(image), mask, box, seed=seed)
    turned = hide(np.asfortranarray(image), np.asfortranarray(mask), box, seed=seed)
    view = hide(np.stack([image, image], axis=1)[:, 0], np.repeat(mask, 2, axis=1)[:, ::2], box, seed=seed)
    for other in (again, of_picture, turned, view):
        assert np.asarray(other.image).tobytes() == first.image.tobytes()
        assert (other.patch_px, other.covered_share) == (first.patch_px, first.covered_share)
    assert isinstance(of_picture.image, Image.Image)
    assert np.array_equal(image, picture())


@pytest.mark.parametrize("name", ["fill", "blur", "pixelate"])
@settings(max_examples=25, deadline=None)
@given(things=st.lists(objects(), min_size=1, max_size=3), dilate_px=st.integers(0, 9))
def test_only_pixels_of_the_dilated_masks_change(name: str, things: list[Thing], dilate_px: int) -> None:
    masks, boxes = [mask for mask, _ in things], [box for _, box in things]
    image = picture()
    hidden = load_occluder(name, dilate_px=dilate_px)(image, masks, boxes, seed=0)
    allowed = np.logical_or.reduce([plain_dilation(mask, dilate_px) for mask in masks])
    assert not ((hidden.image != image).any(axis=2) & ~allowed).any()
    assert hidden.covered_share == 1.0
    assert hidden.centers_xy.shape == (0, 2)


@settings(max_examples=25, deadline=None)
@given(objects(), objects(), st.integers(0, 5))
def test_fill_paints_every_pixel_of_every_dilated_mask(one: Thing, two: Thing, dilate_px: int) -> None:
    hide = FillOccluder(fill=(1, 2, 3), dilate_px=dilate_px)
    hidden = hide(picture(), [one[0], two[0]], [one[1], two[1]], seed=0).image
    painted = (hidden == (1, 2, 3)).all(axis=2)
    assert painted[plain_dilation(one[0] | two[0], dilate_px)].all()


def test_the_mask_counts_inside_its_box_only() -> None:
    mask = np.ones((HEIGHT, WIDTH), bool)
    hidden = FillOccluder(fill=(0, 0, 0))(picture(), mask, (5.5, 6, 10.2, 9), seed=0).image
    assert (hidden != picture()).any(axis=2).sum() == (picture()[6:9, 5:11] != 0).any(axis=2).sum()


def test_fill_with_the_context_is_the_mean_of_the_ring_without_other_objects() -> None:
    image = np.zeros((20, 30, 3), np.uint8)
    image[:, :] = (10, 20, 30)
    image[6:10, 6:10] = 200
    image[6:10, 10:14] = 99  # another object, right beside
    image[4, 4:12] = (90, 20, 30)  # the ring's upper row
    masks = np.zeros((2, 20, 30), bool)
    masks[0, 6:10, 6:10] = masks[1, 6:10, 10:14] = True
    hidden = FillOccluder(fill="context")(image, masks, [(6, 6, 10, 10), (10, 6, 14, 10)], seed=0).image
    # 8 x 8 around, less the object (16) and the part of the other that lies in the ring (2 x 4).
    red = (90 * 8 + 10 * (64 - 16 - 8 - 8)) / (64 - 16 - 8)
    assert hidden[7, 7].tolist() == [round(red), 20, 30]


def test_fill_with_the_context_needs_a_context() -> None:
    everything = np.ones((HEIGHT, WIDTH), bool)
    with pytest.raises(OcclusionError, match="visible pixels within 5 px") as caught:
        FillOccluder(fill="context")(picture(), everything, (0, 0, WIDTH, HEIGHT), seed=0)
    assert caught.value.reason == "no_context"


def test_blur_is_the_blur_of_the_whole_picture_inside_the_mask() -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[12:32, 10:40] = True
    image = picture()
    hidden = BlurOccluder(radius_share=0.2)(image, mask, (10, 12, 40, 32), seed=0).image
    whole = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(4)))
    assert np.abs(hidden[mask].astype(int) - whole[mask]).max() <= 1
    assert hidden[mask].std() < 0.2 * image[mask].std()


def test_pixelate_paints_each_block_with_its_mean() -> None:
    image = picture()
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[4:14, 6:16] = True
    hidden = PixelateOccluder(block_share=0.4)(image, mask, (6, 4, 16, 14), seed=0)
    assert hidden.patch_px == 4
    for rows, columns in (((4, 8), (6, 10)), ((8, 12), (10, 14)), ((12, 14), (14, 16))):
        block = np.s_[rows[0] : rows[1], columns[0] : columns[1]]
        expected = np.rint(image[block].reshape(-1, 3).mean(axis=0))
        assert (hidden.image[block] == expected).all()


def test_patches_are_those_of_occlude() -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:40, 10:40] = True
    published = occlude(picture(), mask, (10, 10, 40, 40), seed=3)
    hidden = load_occluder("patches")(picture(), mask, (10, 10, 40, 40), seed=3)
    assert hidden.image.tobytes() == published.image.tobytes()
    assert np.array_equal(hidden.centers_xy, published.centers_xy)


def test_dilated_patches_are_those_of_a_larger_object() -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[15:27, 20:38] = True
    hidden = load_occluder("patches", dilate_share=0.25)(picture(), mask, (20, 15, 38, 27), seed=3)
    larger = np.zeros((HEIGHT, WIDTH), bool)
    larger[12:30, 17:41] = True
    expected = occlude(picture(), larger, (17, 12, 41, 30), seed=3)
    assert (hidden.patch_px, hidden.covered_share) == (6, expected.covered_share)
    assert hidden.image.tobytes() == expected.image.tobytes()


@pytest.mark.parametrize("name", OCCLUDER_NAMES)
def test_one_pixel_in_a_corner_and_the_whole_picture_can_be_hidden(name: str) -> None:
    options = {"min_covered_share": 1.0} if name == "patches" else {}
    hide, image = load_occluder(name, **options), picture()
    everything = np.ones((HEIGHT, WIDTH), bool)
    corner = np.zeros((HEIGHT, WIDTH), bool)
    corner[-1, -1] = True
    assert (hide(image, everything, (0, 0, WIDTH, HEIGHT), seed=0).image != image).any(axis=2).mean() > 0.9
    # A patch needs a point of its grid of every second pixel.
    box = (WIDTH - 1, HEIGHT - 1, WIDTH, HEIGHT)
    if name != "patches":
        assert (hide(image, corner, box, seed=0).image != image).any(axis=2).sum() <= 1
    else:
        with pytest.raises(OcclusionError) as caught:
            hide(image, corner, box, seed=0)
        assert caught.value.reason == "uncovered"


@pytest.mark.parametrize("name", OCCLUDER_NAMES)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"box_xyxy_px": (80, 0, 90, 10)}, "box_outside"),
        ({"box_xyxy_px": (10, 10, float("nan"), 20)}, "bad_box"),
        ({"mask_hw": np.ones((HEIGHT, WIDTH + 1), bool)}, "bad_mask"),
        ({"mask_hw": [np.ones((HEIGHT, WIDTH), bool)]}, "bad_mask"),
        ({"mask_hw": np.zeros((HEIGHT, WIDTH), bool)}, "empty_mask"),
        ({"image": Image.new("L", (WIDTH, HEIGHT))}, "bad_image"),
        ({"image": Image.new("RGBA", (WIDTH, HEIGHT))}, "bad_image"),
        ({"image": np.zeros((HEIGHT, WIDTH, 3))}, "bad_image"),
        ({"seed": -1}, "bad_seed"),
    ],
)
def test_wrong_arguments_name_their_reason(name: str, change: dict[str, Any], reason: str) -> None:
    right = {"image": picture(), "mask_hw": np.ones((HEIGHT, WIDTH), bool), "box_xyxy_px": (5, 5, 40, 40), "seed": 0}
    load_occluder(name)(**right)
    with pytest.raises(OcclusionError) as caught:
        load_occluder(name)(**(right | change))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("smear", {}, "must be one of patches, fill, blur, pixelate; got 'smear'"),
        ("blur", {"radius": 3}, "blur has the options dilate_px, dilate_share, radius_share; got radius"),
        ("blur", {"radius_share": 0.0}, "radius_share must be above 0"),
        ("pixelate", {"block_share": float("nan")}, "block_share must be above 0"),
        ("fill", {"fill": (0, 0, 256)}, "three numbers of 0 to 255"),
        ("fill", {"fill": "sky"}, "or 'context'; got 'sky'"),
        ("fill", {"dilate_px": -1}, "must be 0 or more; got -1"),
        ("patches", {"min_covered_share": 1.5}, "must be 0 to 1; got 1.5"),
    ],
)
def test_unknown_names_and_options_are_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OcclusionError, match=message) as caught:
        load_occluder(name, **options)
    assert caught.value.reason in ("unknown_occluder", "bad_option")
