import pytest
from code_caption import Element, Group, Relation, Scene, SettingsError, scene_in_frame
from code_caption.rows.box_texts import BoxText

SCENE = Scene(
    "Two.",
    (Element("duck", (0.0, 0.0, 0.5, 1.0)), Element("cup", (0.5, 0.5, 1.0, 1.0))),
    (Group("bee", ((0.0, 0.2, 0.1, 0.4), (0.2, 0.2, 0.3, 0.4), (0.4, 0.2, 0.5, 0.4))),),
    (Relation(0, 2, "A duck among bees."),),
)


def test_the_image_itself_changes_nothing():
    assert scene_in_frame(SCENE, (200, 100), "whole") is SCENE


def test_an_unknown_frame_is_refused():
    with pytest.raises(SettingsError, match=r"frame must be padded or whole; got 'square'\."):
        scene_in_frame(SCENE, (200, 100), "square")


def test_a_tall_image_gets_room_at_its_sides_and_all_else_stays():
    found = scene_in_frame(SCENE, (100, 200), "padded")
    assert found.elements[0].box == pytest.approx((0.25, 0.0, 0.5, 1.0))
    assert found.groups[0].members[1] == pytest.approx((0.35, 0.2, 0.4, 0.4))
    assert (found.caption, found.relations) == (SCENE.caption, SCENE.relations)


@pytest.mark.parametrize("size_wh", [(200, 100), (100, 200), (120, 120), (333, 217)])
def test_boxes_of_the_code_are_those_of_box_texts(size_wh):
    padded = scene_in_frame(SCENE, size_wh, "padded")
    for element, framed in zip(SCENE.elements, padded.elements, strict=True):
        text = "[" + ", ".join(f"{value:.4f}" for value in framed.box) + "]"
        assert BoxText("llava", "padded", digits=4).write(element.box, size_wh) == text
