"""Large pictures of scenes: what stands on a sign is legible in a crop, and lost when the tiny model sees the whole."""

from __future__ import annotations

from itertools import count

from PIL import Image

from scene_world.render import ground, thing_tile, tile_box
from scene_world.scene import CELL_PX, SIZE_PX, Scene, Thing, sample_scene

LARGE_FACTOR = 2
"""How much larger pictures and things are than in `render`."""

LARGE_PX = SIZE_PX * LARGE_FACTOR
"""Side of a large picture, pixels."""

_PLATE_PX = 22
_PLATE_MARGIN_PX = (CELL_PX - _PLATE_PX) // 2
_TRIES = 1000


def sample_sign_scene(split: str, index: int) -> Scene:
    """Scene number `index` of a split among those with exactly one sign: the same on every machine.

    >>> [thing.kind for thing in sample_sign_scene("train", 0).things].count("sign")
    1
    """
    scenes = (sample_scene(f"{split}/sign", index * _TRIES + attempt) for attempt in count())
    return next(scene for scene in scenes if [thing.kind for thing in scene.things].count("sign") == 1)


def render_large(scene: Scene) -> Image.Image:
    """Draws a scene twice as large: RGB, 192 x 192 pixels.

    A sign becomes a board that fills its cell; its character stands on a plate of the size that signs have in
    `render`. At 96 pixels the board is an ordinary sign and its character a smudge; in a crop of 96 x 96 pixels that
    keeps the cells of `render`, the plate is an ordinary sign.
    """
    image = ground(scene.background, scene.texture).resize((LARGE_PX, LARGE_PX), Image.Resampling.BICUBIC)
    for thing in scene.things:
        x, y = _corner(thing)
        tile = thing_tile(thing.kind, thing.color, _side_px(thing), thing.flip, "")
        image.paste(tile, (x, y), tile)
        if thing.text:
            plate = thing_tile(thing.kind, thing.color, _PLATE_PX, thing.flip, thing.text)
            image.paste(plate, _plate_corner(thing), plate)
    light = [min(255, int(v * scene.light)) for v in range(256)]
    return image.point(light * 3)


def large_box_xyxy_px(thing: Thing) -> tuple[int, int, int, int]:
    """The tight box around a thing in `render_large`, in its pixels."""
    x, y = _corner(thing)
    x0, y0, x1, y1 = tile_box(thing.kind, thing.color, _side_px(thing), thing.flip, "")
    return x + x0, y + y0, x + x1, y + y1


def plate_box_xyxy_px(sign: Thing) -> tuple[int, int, int, int]:
    """The box around the plate of a sign in `render_large`, in its pixels."""
    x, y = _plate_corner(sign)
    x0, y0, x1, y1 = tile_box(sign.kind, sign.color, _PLATE_PX, sign.flip, sign.text)
    return x + x0, y + y0, x + x1, y + y1


def _side_px(thing: Thing) -> int:
    return CELL_PX * LARGE_FACTOR if thing.text else thing.side_px * LARGE_FACTOR


def _corner(thing: Thing) -> tuple[int, int]:
    if thing.text:
        return thing.cell[0] * CELL_PX * LARGE_FACTOR, thing.cell[1] * CELL_PX * LARGE_FACTOR
    return thing.x_px * LARGE_FACTOR, thing.y_px * LARGE_FACTOR


def _plate_corner(sign: Thing) -> tuple[int, int]:
    """On the upper half of the board, left or right, in the middle of one cell of `render`."""
    x, y = _corner(sign)
    is_right = (sign.cell[0] + sign.cell[1]) % 2
    return x + is_right * CELL_PX + _PLATE_MARGIN_PX, y + _PLATE_MARGIN_PX
