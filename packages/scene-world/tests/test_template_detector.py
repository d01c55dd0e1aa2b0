"""The outline detector: finds most things where they are, in any size, and is honestly wrong."""

import numpy as np
import pytest
import scene_world as world
from box_space import iou
from occlusion import OcclusionError
from PIL import Image

SCENES = [world.sample_scene("detector", index, crowd=index % 2 == 0) for index in range(20)]


def found_share(scene: world.Scene, scale: int = 1) -> tuple[int, int]:
    """Things that are found under their own name, and all things."""
    image = world.render(scene).resize((world.SIZE_PX * scale,) * 2)
    found = world.TemplateDetector()(image, sorted({thing.kind for thing in scene.things}))
    right = 0
    for thing in scene.things:
        boxes = [one.box_xyxy_px for one in found if one.phrase == thing.kind]
        true = np.array(world.box_xyxy_px(thing), float) * scale
        right += bool(boxes) and float(iou(boxes, [true]).max()) >= 0.5
    return right, len(scene.things)


@pytest.mark.parametrize("scale", [1, 2])
def test_most_things_are_found_where_they_are(scale: int) -> None:
    right, things = np.sum([found_share(scene, scale) for scene in SCENES], 0)
    assert right / things > 0.85


def test_it_is_wrong_often_enough_to_need_a_filter() -> None:
    wrong = [world.TemplateDetector()(world.render(scene), ["book", "clock", "train"]) for scene in SCENES]
    kinds = [{thing.kind for thing in scene.things} for scene in SCENES]
    assert sum(one.phrase not in there for found, there in zip(wrong, kinds, strict=True) for one in found) > 5


def test_phrases_come_back_letter_for_letter_and_other_words_find_nothing() -> None:
    scene = next(scene for scene in SCENES if any(thing.kind == "umbrella" for thing in scene.things))
    found = world.TemplateDetector()(world.render(scene), ["Open  Umbrellas", "unicorn"])
    assert {one.phrase for one in found} == {"Open  Umbrellas"}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert world.TemplateDetector()(world.render(scene), []) == []


def test_the_same_picture_gives_the_same_boxes_and_a_higher_bar_fewer_of_them() -> None:
    image = world.render(SCENES[0])
    names = sorted({thing.kind for thing in SCENES[0].things})
    low = world.TemplateDetector()(image, names)
    assert low == world.TemplateDetector()(image, names)
    high = world.TemplateDetector(least_score=0.9)(image, names)
    assert len(high) < len(low)
    assert all(one.score > 0.9 for one in high)


def test_an_empty_picture_has_nothing_and_doubled_phrases_are_refused() -> None:
    blank = Image.new("RGB", (96, 96), (150, 200, 122))
    assert world.TemplateDetector()(blank, ["duck"]) == []
    with pytest.raises(OcclusionError):
        world.TemplateDetector()(blank, ["duck", "Duck"])
