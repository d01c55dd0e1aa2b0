import numpy as np
import pytest
from box_space import Box, BoxError, OriginalPixels, SquarePadded, Thousand, crop, pixel_window
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image


def picture(width, height):
    """Every pixel tells its column and row."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([x % 256, y % 256, x * 0], axis=-1).astype(np.uint8))


def test_a_crop_holds_exactly_the_pixels_of_its_window():
    cut = np.asarray(crop(picture(40, 30), [5, 7, 9, 20]))
    assert cut.shape == (13, 4, 3)
    assert cut[0, 0, :2].tolist() == [5, 7]
    assert cut[-1, -1, :2].tolist() == [8, 19]


def test_edges_between_pixels_round_outwards_but_float_noise_does_not():
    original = OriginalPixels(640, 427)
    assert pixel_window(Box(5.2, 7.9, 8.1, 19.5, original)) == (5, 7, 9, 20)
    whole = Box(0, 0, 213, 107, original)
    for space in (Thousand(original), SquarePadded(original, 336)):
        assert pixel_window(whole.to(space)) == (0, 0, 213, 107)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_a_crop_of_a_box_that_touches_the_image_is_inside_and_never_empty(width, height, data):
    x0, y0 = data.draw(st.floats(-20, width)), data.draw(st.floats(-20, height))
    x1, y1 = data.draw(st.floats(max(x0, 0), 90)), data.draw(st.floats(max(y0, 0), 90))
    window = pixel_window(Box(x0, y0, x1, y1, OriginalPixels(width, height)))
    assert 0 <= window.left < window.right <= width
    assert 0 <= window.top < window.bottom <= height
    assert crop(Image.new("L", (width, height)), [x0, y0, x1, y1]).size == (
        window.right - window.left,
        window.bottom - window.top,
    )


@pytest.mark.parametrize("numbers", [(640, 480, 640, 480), (0, 0, 0, 0), (3.3, 3.3, 3.3, 3.3)])
def test_a_box_without_area_gives_one_pixel(numbers):
    assert crop(picture(640, 480), numbers).size == (1, 1)


def test_a_scaled_crop_shows_what_is_around_the_box():
    assert crop(picture(100, 100), [40, 40, 60, 60], scale=1.5).size == (30, 30)
    assert crop(picture(100, 100), [0, 40, 20, 60], scale=1.5).size == (25, 30)


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ([641, 0, 650, 10], "outside_image"),
        ([-9, 0, -1, 10], "outside_image"),
        ([0, 481, 5, 490], "outside_image"),
        ([0, 0, 5], "bad_shape"),
        ([9, 0, 5, 5], "reversed"),
        (Box(0, 0, 5, 5, OriginalPixels(480, 640)), "other_image"),
    ],
)
def test_boxes_that_cannot_be_cut_are_refused_with_a_reason(box, reason):
    with pytest.raises(BoxError) as error:
        crop(Image.new("RGB", (640, 480)), box)
    assert error.value.reason == reason


def test_a_factor_that_shrinks_to_nothing_is_refused():
    with pytest.raises(BoxError, match="factor must be above 0"):
        crop(Image.new("RGB", (9, 9)), [0, 0, 5, 5], scale=0)
