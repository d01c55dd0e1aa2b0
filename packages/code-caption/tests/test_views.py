from math import nan

import numpy as np
import pytest
from box_space import BoxError
from code_caption import WHOLE, Framing, SettingsError, View, show
from PIL import Image

GREEN = Image.new("RGB", (60, 40), (0, 200, 0))
GREEN.paste((250, 0, 0), (10, 10, 20, 30))


def test_the_whole_image_is_shown_as_it_is():
    assert show(GREEN, WHOLE) is GREEN
    assert Framing("whole").view((1, 2, 3, 4)) == WHOLE


def test_a_crop_is_what_lies_in_the_box_and_no_more():
    cut = show(GREEN, View("crop", (10, 10, 20, 30)))
    assert (cut.size, cut.getcolors()) == ((10, 20), [(200, (250, 0, 0))])


def test_a_view_that_leaves_the_image_is_cut_at_its_edge():
    assert show(GREEN, View("crop", (-30, -30, 15, 15))).size == (15, 15)


def test_in_place_the_rest_is_painted_in_the_usual_color():
    shown = np.asarray(show(GREEN, View("in_place", (5, 5, 15, 15))))
    assert shown.shape == (40, 60, 3)
    assert (shown[10:15, 10:15] == (250, 0, 0)).all()
    assert (shown[15:, :] == (0, 200, 0)).all()
    assert GREEN.getpixel((15, 20)) == (250, 0, 0)


def test_a_short_side_grows_before_it_is_scaled_and_a_long_one_is_scaled_alone():
    # Published: at least 200 pixels, then 1.3 times: at least 260.
    framing = Framing(scale=1.3, least_side_px=200)
    x0, y0, x1, y1 = framing.view((500, 500, 510, 900)).box_xyxy_px
    assert (x1 - x0, y1 - y0) == pytest.approx((260, 520))
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((505, 700))


def test_one_box_framed_twice_is_one_view():
    framing = Framing(scale=1.3, least_side_px=200)
    assert len({framing.view((3, 4, 50.1, 60.7)), framing.view((3, 4, 50.1, 60.7))}) == 1


def test_nothing_is_shown_of_a_box_outside_of_the_image():
    with pytest.raises(BoxError):
        show(GREEN, View("crop", (70, 0, 90, 20)))


@pytest.mark.parametrize(("kind", "box"), [("crop", None), ("in_place", None), ("whole", (0, 0, 9, 9))])
def test_a_cut_without_a_box_never_becomes_the_whole_image(kind, box):
    with pytest.raises(SettingsError, match="a view must have a box unless it is whole; got"):
        View(kind, box)


def test_a_view_of_an_unknown_kind_is_refused():
    with pytest.raises(SettingsError) as caught:
        View("zoom", (0, 0, 9, 9))
    assert str(caught.value) == "kind must be one of ('whole', 'crop', 'in_place'); got 'zoom'."
    assert caught.value.reason == "view"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "zoom"}, "kind must be one of ('whole', 'crop', 'in_place'); got 'zoom'."),
        ({"scale": 0}, "scale must be above 0 and least_side_px at least 0; got 0 and 0.0."),
        ({"least_side_px": nan}, "scale must be above 0 and least_side_px at least 0; got 1.0 and nan."),
    ],
)
def test_a_framing_out_of_range_is_refused(values, message):
    with pytest.raises(SettingsError) as caught:
        Framing(**values)
    assert message in str(caught.value)
