from math import inf, nan

import pytest
from code_caption import SceneError, Sighting, Unit, to_fractions

from .conftest import BOX


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": " "}, "a name must hold a word; got ' '."),
        ({"box_xyxy_px": (9, 0, 9, 9)}, "must be finite with x0 < x1 and y0 < y1; got (9, 0, 9, 9)."),
        ({"box_xyxy_px": (0, 9, 9, 0)}, "must be finite with x0 < x1 and y0 < y1; got (0, 9, 9, 0)."),
        ({"box_xyxy_px": (0, 0, inf, 9)}, "must be finite with x0 < x1 and y0 < y1; got (0, 0, inf, 9)."),
        ({"score": nan}, "a sighting's score must be finite; got nan."),
    ],
)
def test_a_sighting_without_a_name_a_box_or_a_score_is_refused(values, message):
    with pytest.raises(SceneError) as caught:
        Sighting(**({"key": 0, "name": "cup", "box_xyxy_px": BOX} | values))
    assert message in str(caught.value)


def test_a_unit_of_one_is_no_group():
    assert not Unit("cup", (4,), BOX).is_group
    assert Unit("cup", (4, 11), BOX).is_group
    assert Unit("cup", (4, 11), BOX).label == "4+11"


def test_fractions_are_clipped_to_the_image():
    assert to_fractions((-20, 25, 50, 120), (100, 100)) == (0.0, 0.25, 0.5, 1.0)
    assert to_fractions((160, 120, 320, 480), (640, 480)) == (0.25, 0.25, 0.5, 1.0)


@pytest.mark.parametrize("box", [(100, 0, 120, 50), (-9, 0, 0, 50), (0, 100, 50, 130)])
def test_a_box_that_only_touches_the_image_has_no_fractions(box):
    with pytest.raises(SceneError, match=r"a box must overlap the image of \(100, 100\); got"):
        to_fractions(box, (100, 100))


@pytest.mark.parametrize("box", [(50, 0, 40, 50), (nan, 0, 50, 50), (0, 0, inf, 50)])
def test_what_is_no_box_has_no_fractions(box):
    with pytest.raises(SceneError, match="a box must be finite with x0 < x1 and y0 < y1; got") as caught:
        to_fractions(box, (100, 100))
    assert caught.value.reason == "box"
