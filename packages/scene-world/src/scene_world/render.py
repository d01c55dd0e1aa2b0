"""Scenes as pixels: the image, each thing's mask and box, and the image with a thing hidden behind gray patches."""

from __future__ import annotations

import functools
import random
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from occlusion import Occlusion, occlude
from PIL import Image, ImageDraw

from scene_world.glyphs import glyph_mask
from scene_world.scene import SIZE_PX, Scene, Thing
from scene_world.things import COLORS, FIXED_FILLS, PICTURES, Shape

_OVERSAMPLING = 4
_TEXTURES = 64
_GROUND: dict[str, tuple[int, int, int]] = {
    "grass": (150, 200, 122),
    "sand": (232, 214, 162),
    "snow": (236, 242, 248),
    "wood": (180, 134, 94),
}


def render(scene: Scene, *, without: Collection[int] = ()) -> Image.Image:
    """Draws a scene: RGB, 96 x 96 pixels.

    Args:
        scene: the scene.
        without: indices of things that are left out (the counterfactual picture).
    """
    image = ground(scene.background, scene.texture).copy()
    for i, thing in enumerate(scene.things):
        if i not in without:
            tile = thing_tile(thing.kind, thing.color, thing.side_px, thing.flip, thing.text)
            image.paste(tile, (thing.x_px, thing.y_px), tile)
    light = [min(255, int(v * scene.light)) for v in range(256)]
    return image.point(light * 3)


def mask_hw(thing: Thing) -> NDArray[np.bool_]:
    """Pixels that a thing covers: bool `(96, 96)`."""
    mask = np.zeros((SIZE_PX, SIZE_PX), bool)
    tile = _tile_mask(thing.kind, thing.color, thing.side_px, thing.flip, thing.text)
    mask[thing.y_px : thing.y_px + thing.side_px, thing.x_px : thing.x_px + thing.side_px] = tile
    return mask


def box_xyxy_px(thing: Thing) -> tuple[int, int, int, int]:
    """The tight box around a thing's mask, in pixels; x1 and y1 are one past the last pixel."""
    x0, y0, x1, y1 = tile_box(thing.kind, thing.color, thing.side_px, thing.flip, thing.text)
    return thing.x_px + x0, thing.y_px + y0, thing.x_px + x1, thing.y_px + y1


def render_hidden(scene: Scene, hidden: int, *, seed: int = 0) -> Occlusion[Image.Image]:
    """Draws a scene and hides one thing behind gray patches that cover its whole box.

    The patches are those of `occlusion.occlude`, walked over the box instead of the mask until they cover it: at 96
    pixels an outline would give the thing away.

    Args:
        scene: the scene.
        hidden: index of the thing to hide.
        seed: decides where the patches fall.
    """
    x0, y0, x1, y1 = box = box_xyxy_px(scene.things[hidden])
    whole = np.zeros((SIZE_PX, SIZE_PX), bool)
    whole[y0:y1, x0:x1] = True
    return occlude(render(scene), whole, box, seed=seed, min_covered_share=1.0)


@functools.cache
def thing_tile(kind: str, color: str, side_px: int, flip: bool, text: str) -> Image.Image:
    """A thing alone: RGBA, `side_px` square; shared, so not to be drawn on."""
    side = side_px * _OVERSAMPLING
    tile = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(tile)
    for shape in PICTURES[kind]:
        _draw(pen, shape, side - 1, color)
    tile = tile.resize((side_px, side_px), Image.Resampling.LANCZOS)
    if text:
        _write(tile, text)
    return tile.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else tile


def _draw(pen: ImageDraw.ImageDraw, shape: Shape, scale: int, color: str) -> None:
    at = [v * scale for v in shape.at]
    fill = _fill(shape.fill, color)
    width = max(1, round(shape.width * scale))
    if shape.tool == "line":
        pen.line(at, fill=fill, width=width)
    elif shape.tool == "arc":
        pen.ellipse(at, outline=fill, width=width)
    elif shape.tool == "pieslice":
        pen.pieslice(at, *shape.angles, fill=fill)
    else:
        getattr(pen, shape.tool)(at, fill=fill)


def _fill(name: str, color: str) -> tuple[int, int, int]:
    r, g, b = COLORS[color]
    if name == "main":
        return r, g, b
    if name == "dark":
        return int(r * 0.55), int(g * 0.55), int(b * 0.55)
    if name == "light":
        return min(255, r // 2 + 128), min(255, g // 2 + 128), min(255, b // 2 + 128)
    return FIXED_FILLS[name]


def _write(tile: Image.Image, character: str) -> None:
    """Two pixels a stroke, black, in the middle of the sign's white board."""
    ink = Image.fromarray(glyph_mask(character).repeat(2, 0).repeat(2, 1).astype(np.uint8) * 255)
    at = ((tile.width - ink.width) // 2, max(0, round(tile.height * 0.4) - ink.height // 2))
    tile.paste((*FIXED_FILLS["ink"], 255), (at[0], at[1], at[0] + ink.width, at[1] + ink.height), ink)


@functools.cache
def _tile_mask(kind: str, color: str, side_px: int, flip: bool, text: str) -> NDArray[np.bool_]:
    return np.asarray(thing_tile(kind, color, side_px, flip, text))[..., 3] > 100


@functools.cache
def tile_box(kind: str, color: str, side_px: int, flip: bool, text: str) -> tuple[int, int, int, int]:
    """The tight box around what is drawn on a tile."""
    ys, xs = np.nonzero(_tile_mask(kind, color, side_px, flip, text))
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def ground(background: str, texture: int) -> Image.Image:
    """The ground of a scene: RGB, 96 x 96 pixels; shared, so not to be drawn on."""
    return _ground(background, texture % _TEXTURES)


@functools.cache
def _ground(background: str, texture: int) -> Image.Image:
    rng = random.Random(f"ground/{background}/{texture}")
    coarse = Image.new("L", (12, 12))
    coarse.putdata([rng.randrange(256) for _ in range(144)])
    waves = np.asarray(coarse.resize((SIZE_PX, SIZE_PX), Image.Resampling.BICUBIC), np.float32) / 255 - 0.5
    grain = np.frombuffer(rng.randbytes(SIZE_PX * SIZE_PX), np.uint8).reshape(SIZE_PX, SIZE_PX) / 32.0 - 4.0
    pixels = np.array(_GROUND[background], np.float32) + (waves * 22 + grain)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
