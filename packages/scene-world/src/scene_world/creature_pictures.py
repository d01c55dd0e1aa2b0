"""Creatures as pixels."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from scene_world.creatures import Creature, Part
from scene_world.render import ground
from scene_world.scene import SIZE_PX
from scene_world.things import COLORS

_OVERSAMPLING = 4
_EYE, _WHITE = (22, 22, 24), (250, 250, 250)
Color = tuple[int, int, int]


def draw_creature(creature: Creature) -> Image.Image:
    """Draws a creature with the parts that are in sight: RGB, 96 x 96 pixels."""
    side = SIZE_PX * _OVERSAMPLING
    layer = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = _Pen(ImageDraw.Draw(layer))
    parts = {part.place: part for part in creature.visible}
    for place in ("wings", "tail", "feet", "head"):
        if place in parts:
            _DRAW[place](pen, parts[place])
    _draw_body(pen, parts["body"])
    if creature.is_mirrored:
        layer = layer.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    small = layer.resize((SIZE_PX, SIZE_PX), Image.Resampling.LANCZOS)
    image = ground(creature.background, creature.texture).copy()
    image.paste(small, (creature.x_px, creature.y_px), small)
    light = [min(255, int(v * creature.light)) for v in range(256)]
    return image.point(light * 3)


class _Pen:
    """Draws in pixels of the finished picture."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def oval(self, x0: float, y0: float, x1: float, y1: float, fill: Color) -> None:
        self._draw.ellipse(self._scaled(x0, y0, x1, y1), fill=fill)

    def shape(self, *at: float, fill: Color) -> None:
        self._draw.polygon(self._scaled(*at), fill=fill)

    def line(self, *at: float, fill: Color, width: float) -> None:
        self._draw.line(self._scaled(*at), fill=fill, width=round(width * _OVERSAMPLING), joint="curve")

    def arc(self, x0: float, y0: float, x1: float, y1: float, start: float, end: float, fill: Color) -> None:
        self._draw.arc(self._scaled(x0, y0, x1, y1), start, end, fill=fill, width=5 * _OVERSAMPLING)

    def _scaled(self, *at: float) -> list[float]:
        return [v * _OVERSAMPLING for v in at]


def _draw_body(pen: _Pen, part: Part) -> None:
    fill = COLORS[part.color]
    pen.oval(33, 20, 57, 42, fill)
    pen.oval(28, 34, 64, 72, fill)
    mark = _WHITE if part.color in ("black", "blue", "purple", "red", "green") else _EYE
    if part.shape == "striped body":
        for y in (44, 52, 60):
            pen.line(32, y, 60, y, fill=mark, width=3)
    if part.shape == "spotted body":
        for x, y in ((38, 42), (52, 46), (36, 54), (48, 58), (57, 56), (42, 65)):
            pen.oval(x - 2.5, y - 2.5, x + 2.5, y + 2.5, mark)
    for x in (40, 50):
        pen.oval(x - 3, 27, x + 3, 33, _WHITE)
        pen.oval(x - 1.5, 28.5, x + 1.5, 31.5, _EYE)
    pen.shape(42, 35, 48, 35, 45, 40, fill=(244, 132, 24))


def _draw_head(pen: _Pen, part: Part) -> None:
    fill = COLORS[part.color]
    if part.shape == "horns":
        pen.shape(34, 26, 40, 22, 27, 5, fill=fill)
        pen.shape(56, 26, 50, 22, 63, 5, fill=fill)
    elif part.shape == "antlers":
        for sign in (-1, 1):
            x = 45 + sign * 6
            pen.line(x, 24, x + sign * 8, 4, fill=fill, width=3)
            pen.line(x + sign * 4, 14, x + sign * 14, 12, fill=fill, width=3)
            pen.line(x + sign * 6, 9, x, 3, fill=fill, width=3)
    elif part.shape == "ears":
        pen.oval(22, 8, 38, 28, fill)
        pen.oval(52, 8, 68, 28, fill)
    else:
        for x in (37, 45, 53):
            pen.oval(x - 4, 5, x + 4, 25, fill)


def _draw_wings(pen: _Pen, part: Part) -> None:
    fill = COLORS[part.color]
    for mirror in (False, True):
        if part.shape == "round wings":
            at = (2, 34, 32, 62)
            pen.oval(*((92 - at[2], at[1], 92 - at[0], at[3]) if mirror else at), fill)
        else:
            xs, ys = (32, 2, 12, 6, 32), (38, 30, 46, 60, 62)
            pen.shape(*(v for x, y in zip(xs, ys, strict=True) for v in (92 - x if mirror else x, y)), fill=fill)


def _draw_tail(pen: _Pen, part: Part) -> None:
    fill = COLORS[part.color]
    if part.shape == "forked tail":
        pen.line(58, 66, 72, 74, fill=fill, width=5)
        pen.line(71, 74, 90, 66, fill=fill, width=4)
        pen.line(71, 74, 86, 90, fill=fill, width=4)
    elif part.shape == "bushy tail":
        pen.line(56, 66, 68, 76, fill=fill, width=5)
        pen.oval(62, 66, 92, 90, fill)
    else:
        pen.line(56, 66, 68, 78, fill=fill, width=5)
        pen.arc(64, 64, 90, 90, 200, 120, fill)
        pen.arc(71, 71, 83, 83, 120, 20, fill)


def _draw_feet(pen: _Pen, part: Part) -> None:
    fill = COLORS[part.color]
    for x in (36, 50):
        if part.shape == "long legs":
            pen.line(x, 66, x - 3, 82, x, 94, fill=fill, width=4)
        else:
            pen.line(x, 68, x, 80, fill=fill, width=4)
            tips = [(x + 13 * math.sin(a), 78 + 13 * math.cos(a)) for a in (-0.75, 0.0, 0.75)]
            pen.shape(x, 74, *(v for tip in tips for v in tip), fill=fill)


_DRAW = {"head": _draw_head, "wings": _draw_wings, "tail": _draw_tail, "feet": _draw_feet}
