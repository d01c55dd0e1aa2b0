"""Large pictures: twice the scene, with what a sign says on a plate of the ordinary size."""

import numpy as np
import pytest
import scene_world as world
from PIL import Image


def sign_of(scene: world.Scene) -> world.Thing:
    return next(thing for thing in scene.things if thing.kind == "sign")


@pytest.mark.parametrize("index", range(5))
def test_a_large_scene_has_one_sign_and_is_the_same_again(index: int) -> None:
    scene = world.sample_sign_scene("train", index)
    assert [thing.kind for thing in scene.things].count("sign") == 1
    assert scene == world.sample_sign_scene("train", index)
    assert scene.id != world.sample_sign_scene("heldout", index).id
    assert np.array_equal(world.render_large(scene), world.render_large(scene))


def test_everything_is_twice_as_large() -> None:
    scene = world.sample_sign_scene("train", 3)
    assert world.render_large(scene).size == (2 * world.SIZE_PX, 2 * world.SIZE_PX)
    for thing in scene.things:
        if thing.kind != "sign":
            small, large = np.array(world.box_xyxy_px(thing)), np.array(world.large_box_xyxy_px(thing))
            assert np.abs(large - 2 * small).max() <= 2


def test_the_plate_lies_on_its_board_within_one_cell_of_the_ordinary_size() -> None:
    for index in range(60):
        sign = sign_of(world.sample_sign_scene("train", index))
        x0, y0, x1, y1 = world.plate_box_xyxy_px(sign)
        bx0, by0, bx1, _ = world.large_box_xyxy_px(sign)
        assert bx0 - 2 <= x0 < x1 <= bx1 + 2
        assert y0 >= by0
        assert x0 // world.CELL_PX == (x1 - 1) // world.CELL_PX
        assert y0 // world.CELL_PX == (y1 - 1) // world.CELL_PX


def test_the_whole_picture_does_not_show_what_the_crop_shows() -> None:
    scene = world.sample_sign_scene("train", 0)
    sign = sign_of(scene)
    other = world.Thing(**{**vars(sign), "text": "X" if sign.text != "X" else "0"})
    things = tuple(other if thing is sign else thing for thing in scene.things)
    pictures = [world.render_large(one) for one in (scene, world.Scene(**{**vars(scene), "things": things}))]
    x0, y0, x1, y1 = world.plate_box_xyxy_px(sign)

    def most_change(images: list[Image.Image]) -> int:
        return int(np.abs(np.subtract(*[np.asarray(image, np.int16) for image in images])).max())

    crops = [picture.crop((x0, y0, x1, y1)) for picture in pictures]
    small = [picture.resize((96, 96), Image.Resampling.BICUBIC) for picture in pictures]
    assert most_change(crops) > most_change(small) > 0
    rest = [np.asarray(picture).copy() for picture in pictures]
    for pixels in rest:
        pixels[y0:y1, x0:x1] = 0
    assert np.array_equal(*rest)
