import numpy as np
import pytest
from box_space import (
    Box,
    BoxError,
    Boxes,
    Fraction,
    OriginalPixels,
    PatchGrid,
    ResizedPixels,
    SquarePadded,
    Thousand,
    llava_space,
)
from hypothesis import given
from hypothesis import strategies as st

SIZES = st.integers(1, 5000)
ORIGINALS = st.builds(OriginalPixels, SIZES, SIZES)


@st.composite
def spaces(draw, original):
    resized = st.builds(ResizedPixels, st.just(original), SIZES, SIZES)
    padded = st.builds(SquarePadded, st.just(original), st.none() | SIZES)
    of = draw(st.just(original) | resized | padded)
    grid = st.builds(PatchGrid, st.just(of), st.integers(1, 64), st.integers(1, 64))
    return draw(st.sampled_from([of, Fraction(of), Thousand(of)]) | grid)


@st.composite
def boxes_with_two_spaces(draw):
    """A box in pixels, which may reach outside the image by its whole size, and two spaces of its image."""
    original = draw(ORIGINALS)
    x = sorted(draw(st.tuples(*[st.floats(-original.width, 2 * original.width)] * 2)))
    y = sorted(draw(st.tuples(*[st.floats(-original.height, 2 * original.height)] * 2)))
    return Box(x[0], y[0], x[1], y[1], original), draw(spaces(original)), draw(spaces(original))


def assert_close(a, b):
    original = a.space.original
    assert a.space == b.space
    assert a.to(original).xyxy == pytest.approx(b.to(original).xyxy, abs=1e-9 * max(original.width, original.height))


@given(boxes_with_two_spaces())
def test_a_box_comes_back_from_every_space_and_by_any_way(case):
    box, there, further = case
    assert_close(box.to(there).to(box.space), box)
    assert_close(box.to(there).to(further), box.to(further))


@given(boxes_with_two_spaces())
def test_many_boxes_convert_and_clip_as_one_does(case):
    box, there, _ = case
    many = Boxes([box.xyxy, box.xyxy], box.space)
    assert list(many.to(there)) == [box.to(there)] * 2
    assert list(many.to(there).clipped()) == [box.to(there).clipped()] * 2


@given(boxes_with_two_spaces())
def test_clipping_and_converting_commute_and_clipping_twice_changes_nothing(case):
    box, there, _ = case
    assert_close(box.clipped().to(there), box.to(there).clipped())
    assert box.clipped().clipped() == box.clipped()
    assert 0 <= box.clipped().x0 <= box.clipped().x1 <= box.space.width
    assert 0 <= box.clipped().y0 <= box.clipped().y1 <= box.space.height


def test_hand_worked_numbers_of_every_space():
    original = OriginalPixels(640, 480)
    padded = SquarePadded(original)
    box = Box(160, 120, 480, 360, original)
    assert box.to(ResizedPixels(original, 320, 480)).xyxy == (80, 120, 240, 360)
    assert box.to(padded).xyxy == (160, 200, 480, 440)
    assert box.to(SquarePadded(original, 320)).xyxy == (80, 100, 240, 220)
    assert box.to(Fraction(original)).xyxy == (0.25, 0.25, 0.75, 0.75)
    assert box.to(Fraction(padded)).xyxy == (0.25, 0.3125, 0.75, 0.6875)
    assert box.to(Thousand(original)).xyxy == pytest.approx((250, 250, 750, 750))
    assert box.to(PatchGrid(padded, 24, 24)).xyxy == pytest.approx((6, 7.5, 18, 16.5))


def test_an_odd_border_is_split_with_its_smaller_half_first():
    assert Box(0, 0, 5, 2, OriginalPixels(5, 2)).to(SquarePadded(OriginalPixels(5, 2))).y0 == 1
    assert Box(0, 0, 2, 5, OriginalPixels(2, 5)).to(SquarePadded(OriginalPixels(2, 5))).x0 == 1


def test_padding_is_outside_the_image_for_clipping():
    space = llava_space(640, 480)
    assert Box(0, 0, 1, 1, space).clipped().xyxy == (0, 0.125, 1, 0.875)


def test_a_box_beside_the_image_is_clipped_to_nothing_on_the_nearest_edge():
    clipped = Box(700, 10, 720, 40, OriginalPixels(640, 480)).clipped()
    assert clipped.xyxy == (640, 10, 640, 40)
    assert clipped.area == 0


def test_growing_keeps_the_centre_and_scales_the_sides():
    grown = Box(10, 20, 30, 60, OriginalPixels(640, 480)).grown(1.5)
    assert grown.xyxy == (5, 10, 35, 70)
    assert grown.center_xy == (20, 40)


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ((30, 0, 10, 5), "reversed"),
        ((0, 9, 10, 5), "reversed"),
        ((0, float("nan"), 10, 5), "not_finite"),
        ((0, 0, float("inf"), 5), "not_finite"),
    ],
)
def test_numbers_that_are_no_box_are_refused_alone_and_among_others(numbers, reason):
    with pytest.raises(BoxError) as alone:
        Box(*numbers, OriginalPixels(640, 480))
    with pytest.raises(BoxError, match="at index 1") as among:
        Boxes([[0, 0, 1, 1], numbers], OriginalPixels(640, 480))
    assert alone.value.reason == among.value.reason == reason


def test_boxes_of_other_images_or_spaces_are_not_mixed():
    a, b = OriginalPixels(640, 480), OriginalPixels(480, 640)
    with pytest.raises(BoxError, match="spaces must be of one image") as other_image:
        Box(0, 0, 1, 1, a).to(Fraction(b))
    with pytest.raises(BoxError, match=r"Convert one with \.to\(\)") as other_space:
        Box(0, 0, 1, 1, a).iou(Box(0, 0, 1, 1, Fraction(a)))
    assert (other_image.value.reason, other_space.value.reason) == ("other_image", "other_space")


def test_sizes_below_one_pixel_are_refused():
    for make in (
        lambda: OriginalPixels(0, 5),
        lambda: ResizedPixels(OriginalPixels(1, 1), 5, -1),
        lambda: SquarePadded(OriginalPixels(1, 1), 0),
        lambda: PatchGrid(OriginalPixels(1, 1), 24, 0),
    ):
        with pytest.raises(BoxError, match="at least 1") as error:
            make()
        assert error.value.reason == "bad_space"


def test_boxes_hold_a_read_only_copy_and_compare_by_value():
    corners = np.array([[0.0, 0.0, 1.0, 1.0]])
    boxes = Boxes(corners, OriginalPixels(4, 4))
    corners[0, 2] = 9
    assert boxes[0].x1 == 1
    assert boxes == Boxes([[0, 0, 1, 1]], OriginalPixels(4, 4))
    assert hash(boxes) == hash(Boxes([[0, 0, 1, 1]], OriginalPixels(4, 4)))
    assert boxes != Boxes([[0, 0, 1, 1]], OriginalPixels(5, 4))
    assert len(Boxes([], OriginalPixels(4, 4)).clipped()) == 0
    with pytest.raises(ValueError, match="read-only"):
        boxes.xyxy_N4[0, 0] = 3
