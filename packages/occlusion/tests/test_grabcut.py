from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from occlusion import OcclusionError, grabcut_mask
from PIL import Image


def scene() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A red disc on green, with noise."""
    y, x = np.mgrid[:80, :100]
    disc = (x - 50) ** 2 + (y - 40) ** 2 <= 20**2
    clean = np.where(disc[..., None], (200, 40, 40), (40, 160, 60))
    noise = np.random.default_rng(0).integers(-12, 13, clean.shape)
    return (clean + noise).astype(np.uint8), disc


def test_the_outline_of_a_disc_is_found() -> None:
    image, disc = scene()
    found = grabcut_mask(image, (25, 15, 75, 65))
    assert (found.mask_hw & disc).sum() / (found.mask_hw | disc).sum() > 0.95
    assert found.source == "grabcut"
    assert found.box_share == pytest.approx(found.mask_hw.sum() / 2500)


def test_the_same_arguments_give_the_same_mask() -> None:
    image, _ = scene()
    first = grabcut_mask(image, (25, 15, 75, 65))
    grabcut_mask(image, (10, 5, 70, 60))
    again = grabcut_mask(Image.fromarray(image), (25, 15, 75, 65))
    assert np.array_equal(first.mask_hw, again.mask_hw)


def test_a_box_may_stick_out() -> None:
    image, _ = scene()
    assert not grabcut_mask(image, (25, -10, 75, 70)).mask_hw[:, :25].any()


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ((0, 0, 100, 80), "box_is_image"),
        ((-5, -5, 900, 900), "box_is_image"),
        ((45, 35, 55, 45), "grabcut_empty"),
        ((100, 0, 120, 20), "box_outside"),
        ((9, 9, 5, 5), "bad_box"),
    ],
)
def test_a_doubtful_mask_is_refused(box: tuple[int, int, int, int], reason: str) -> None:
    image, disc = scene()
    image[disc] = (200, 40, 40)
    with pytest.raises(OcclusionError) as caught:
        grabcut_mask(image, box)
    assert caught.value.reason == reason


def test_a_thing_that_fills_its_box_has_no_outline_in_it() -> None:
    image, _ = scene()
    image[:, :] = (40, 160, 60)
    image[20:60, 30:70] = (200, 40, 40)
    with pytest.raises(OcclusionError, match="100% of the box") as caught:
        grabcut_mask(image, (30, 20, 70, 60))
    assert caught.value.reason == "grabcut_fills_box"
