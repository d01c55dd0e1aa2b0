"""The kinds of things of the world: how each one looks, and in which colours it comes.

A picture is a list of shapes in a unit square (x to the right, y down), drawn in order. Fills are names: `main` is the
thing's own colour, `dark` and `light` are shades of it, the others are fixed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

COLORS: dict[str, tuple[int, int, int]] = {
    "red": (212, 42, 44),
    "yellow": (248, 218, 44),
    "green": (32, 146, 62),
    "blue": (44, 88, 216),
    "purple": (148, 58, 188),
    "black": (32, 32, 36),
}

FIXED_FILLS: dict[str, tuple[int, int, int]] = {
    "white": (250, 250, 250),
    "ink": (22, 22, 24),
    "steel": (98, 100, 110),
    "wood": (112, 72, 42),
    "straw": (156, 106, 54),
    "stone": (108, 104, 112),
    "pebble": (152, 148, 156),
    "beak": (244, 132, 24),
    "water": (72, 150, 218),
    "ripple": (140, 200, 242),
    "leaf": (24, 112, 44),
    "honey": (248, 208, 48),
    "wall": (240, 226, 202),
    "silver": (196, 200, 208),
}


class Shape(NamedTuple):
    """One shape: `tool` is a PIL drawing call, `at` its points in the unit square, `width` its line width."""

    tool: str
    at: tuple[float, ...]
    fill: str
    width: float = 0.0
    angles: tuple[float, float] = (0.0, 360.0)


def _box(x0: float, y0: float, x1: float, y1: float, fill: str = "main") -> Shape:
    return Shape("rectangle", (x0, y0, x1, y1), fill)


def _oval(x0: float, y0: float, x1: float, y1: float, fill: str = "main") -> Shape:
    return Shape("ellipse", (x0, y0, x1, y1), fill)


def _poly(*at: float, fill: str = "main") -> Shape:
    return Shape("polygon", at, fill)


def _line(*at: float, fill: str = "main", width: float = 0.08) -> Shape:
    return Shape("line", at, fill, width)


def _ring(x0: float, y0: float, x1: float, y1: float, fill: str = "main", width: float = 0.1) -> Shape:
    return Shape("arc", (x0, y0, x1, y1), fill, width)


def _slice(x0: float, y0: float, x1: float, y1: float, start: float, end: float, fill: str = "main") -> Shape:
    return Shape("pieslice", (x0, y0, x1, y1), fill, angles=(start, end))


def _around(n: int, radius: float, cx: float = 0.5, cy: float = 0.5, turn: float = 0.0) -> list[tuple[float, float]]:
    angles = [turn + 2 * math.pi * i / n for i in range(n)]
    return [(cx + radius * math.sin(a), cy - radius * math.cos(a)) for a in angles]


def _star(points: int, outer: float, inner: float) -> Shape:
    tips = _around(points, outer, 0.5, 0.53)
    dents = _around(points, inner, 0.5, 0.53, math.pi / points)
    return _poly(*[v for tip, dent in zip(tips, dents, strict=True) for p in (tip, dent) for v in p])


def _dots(centers: Sequence[tuple[float, float]], radius: float, fill: str = "main") -> list[Shape]:
    return [_oval(x - radius, y - radius, x + radius, y + radius, fill) for x, y in centers]


PICTURES: dict[str, list[Shape]] = {
    "rails": [
        *[_box(x, 0.08, x + 0.1, 0.92, "wood") for x in (0.06, 0.32, 0.58, 0.84)],
        _box(0, 0.24, 1, 0.34, "steel"),
        _box(0, 0.66, 1, 0.76, "steel"),
    ],
    "train": [
        _box(0.0, 0.34, 1.0, 0.74),
        _box(0.6, 0.06, 0.98, 0.4),
        _box(0.68, 0.14, 0.9, 0.3, "white"),
        _box(0.1, 0.08, 0.24, 0.36, "dark"),
        *_dots([(0.16, 0.82), (0.5, 0.82), (0.84, 0.82)], 0.15, "ink"),
    ],
    "lock": [
        _ring(0.24, 0.0, 0.76, 0.76, "steel", 0.13),
        _box(0.1, 0.42, 0.9, 1.0),
        _oval(0.41, 0.56, 0.59, 0.74, "ink"),
        _box(0.46, 0.66, 0.54, 0.9, "ink"),
    ],
    "key": [
        _ring(0.0, 0.26, 0.48, 0.74, "main", 0.14),
        _box(0.42, 0.44, 1.0, 0.57),
        _box(0.74, 0.55, 0.83, 0.8),
        _box(0.9, 0.55, 0.99, 0.74),
    ],
    "nest": [
        _slice(0, 0.02, 1, 0.98, 0, 180, "wood"),
        *[_line(x, 0.52, x + 0.2, 0.36, fill="straw", width=0.07) for x in (0.0, 0.2, 0.4, 0.6, 0.78)],
        _line(0.14, 0.66, 0.86, 0.74, fill="straw", width=0.06),
    ],
    "bird": [
        _oval(0.08, 0.36, 0.74, 0.84),
        _oval(0.54, 0.12, 0.88, 0.48),
        _poly(0.86, 0.22, 1.0, 0.31, 0.86, 0.38, fill="beak"),
        _poly(0.02, 0.26, 0.5, 0.46, 0.28, 0.72, fill="dark"),
        _line(0.42, 0.8, 0.42, 1.0, fill="ink", width=0.06),
        *_dots([(0.74, 0.25)], 0.04, "ink"),
    ],
    "flower": [
        _box(0.46, 0.56, 0.54, 1.0, "leaf"),
        _oval(0.52, 0.68, 0.82, 0.82, "leaf"),
        *_dots(_around(6, 0.23, 0.5, 0.34), 0.16),
        *_dots([(0.5, 0.34)], 0.13, "white"),
    ],
    "bee": [
        _oval(0.18, 0.0, 0.5, 0.46),
        _oval(0.5, 0.0, 0.82, 0.46),
        _oval(0.04, 0.36, 0.96, 0.92, "honey"),
        _box(0.28, 0.4, 0.4, 0.88, "ink"),
        _box(0.56, 0.4, 0.68, 0.88, "ink"),
    ],
    "goal": [
        *[_line(x, 0.16, x, 1.0, fill="silver", width=0.03) for x in (0.26, 0.42, 0.58, 0.74)],
        *[_line(0.08, y, 0.92, y, fill="silver", width=0.03) for y in (0.36, 0.58, 0.8)],
        _box(0.0, 0.06, 0.1, 1.0, "white"),
        _box(0.9, 0.06, 1.0, 1.0, "white"),
        _box(0.0, 0.06, 1.0, 0.18),
    ],
    "ball": [
        _oval(0.04, 0.04, 0.96, 0.96),
        _oval(0.34, 0.34, 0.66, 0.66, "white"),
        *[
            _line(0.5 + 0.16 * x, 0.5 + 0.16 * y, 0.5 + 0.44 * x, 0.5 + 0.44 * y, fill="white", width=0.08)
            for x, y in ((0, -1), (0, 1), (1, 0), (-1, 0))
        ],
    ],
    "bone": [
        _box(0.16, 0.42, 0.84, 0.6, "white"),
        *_dots([(0.14, 0.36), (0.14, 0.64), (0.86, 0.36), (0.86, 0.64)], 0.14, "white"),
        _line(0.26, 0.51, 0.74, 0.51, fill="main", width=0.08),
    ],
    "dog": [
        _box(0.14, 0.42, 0.76, 0.74),
        _box(0.58, 0.14, 0.94, 0.5),
        _oval(0.52, 0.1, 0.68, 0.5, "dark"),
        _box(0.16, 0.7, 0.28, 1.0),
        _box(0.6, 0.7, 0.72, 1.0),
        _line(0.16, 0.46, 0.02, 0.2, fill="main", width=0.1),
        *_dots([(0.8, 0.26)], 0.04, "ink"),
        *_dots([(0.94, 0.4)], 0.06, "ink"),
    ],
    "pond": [
        _oval(0, 0.12, 1, 0.92, "water"),
        _oval(0.12, 0.22, 0.88, 0.8, "ripple"),
        _line(0.24, 0.44, 0.52, 0.44, fill="white", width=0.06),
        _line(0.48, 0.62, 0.78, 0.62, fill="white", width=0.06),
    ],
    "duck": [
        _oval(0.02, 0.44, 0.8, 0.96),
        _oval(0.48, 0.06, 0.88, 0.5),
        _poly(0.84, 0.2, 1.0, 0.33, 0.84, 0.4, fill="beak"),
        _oval(0.18, 0.54, 0.58, 0.8, "light"),
        *_dots([(0.72, 0.22)], 0.05, "ink"),
    ],
    "penguin": [
        _oval(0.16, 0.08, 0.84, 1.0, "ink"),
        _oval(0.3, 0.36, 0.7, 0.96, "white"),
        _poly(0.4, 0.24, 0.6, 0.24, 0.5, 0.4, fill="beak"),
        _box(0.26, 0.0, 0.74, 0.13),
        _box(0.2, 0.38, 0.8, 0.48),
    ],
    "pole": [
        _box(0.42, 0.0, 0.58, 1.0, "steel"),
        _oval(0.32, 0.0, 0.68, 0.24, "honey"),
        _box(0.2, 0.88, 0.8, 1.0, "stone"),
    ],
    "umbrella": [
        _slice(0.0, 0.04, 1.0, 1.04, 180, 360),
        _slice(0.32, 0.04, 0.68, 1.04, 180, 360, "white"),
        _box(0.46, 0.5, 0.54, 0.94, "wood"),
        _line(0.52, 0.94, 0.7, 0.86, fill="wood", width=0.08),
    ],
    "flag": [
        _box(0.06, 0.0, 0.16, 1.0, "wood"),
        _poly(0.16, 0.04, 1.0, 0.3, 0.16, 0.58),
    ],
    "plate": [
        _oval(0.0, 0.0, 1.0, 1.0),
        _oval(0.12, 0.12, 0.88, 0.88, "white"),
        _oval(0.28, 0.28, 0.72, 0.72, "silver"),
    ],
    "fork": [
        _box(0.44, 0.42, 0.57, 1.0),
        _box(0.2, 0.34, 0.8, 0.48),
        *[_box(x, 0.0, x + 0.11, 0.4) for x in (0.2, 0.45, 0.69)],
    ],
    "table": [
        _box(0.0, 0.26, 1.0, 0.42, "wood"),
        _box(0.06, 0.4, 0.2, 1.0, "wood"),
        _box(0.8, 0.4, 0.94, 1.0, "wood"),
        _box(0.0, 0.22, 1.0, 0.31),
    ],
    "kettle": [
        _ring(0.22, 0.02, 0.7, 0.66, "dark", 0.08),
        _poly(0.74, 0.54, 1.0, 0.32, 1.0, 0.46, 0.78, 0.76, fill="dark"),
        _oval(0.12, 0.36, 0.82, 1.0),
        _box(0.38, 0.3, 0.56, 0.4, "dark"),
    ],
    "cup": [
        _ring(0.52, 0.32, 0.98, 0.76, "main", 0.1),
        _box(0.1, 0.2, 0.7, 0.96),
        _oval(0.1, 0.1, 0.7, 0.3, "white"),
    ],
    "clock": [
        _oval(0.0, 0.0, 1.0, 1.0),
        _oval(0.14, 0.14, 0.86, 0.86, "white"),
        _line(0.5, 0.5, 0.5, 0.22, fill="ink", width=0.07),
        _line(0.5, 0.5, 0.72, 0.6, fill="ink", width=0.07),
    ],
    "book": [
        _box(0.1, 0.06, 0.9, 0.96),
        _box(0.1, 0.06, 0.24, 0.96, "dark"),
        _box(0.34, 0.22, 0.8, 0.3, "white"),
        _box(0.34, 0.4, 0.68, 0.47, "white"),
    ],
    "tree": [
        _box(0.42, 0.66, 0.58, 1.0, "wood"),
        _poly(0.5, 0.0, 0.92, 0.44, 0.08, 0.44),
        _poly(0.5, 0.2, 1.0, 0.74, 0.0, 0.74),
    ],
    "house": [
        _box(0.12, 0.44, 0.88, 1.0, "wall"),
        _poly(0.5, 0.0, 1.0, 0.48, 0.0, 0.48),
        _box(0.44, 0.64, 0.62, 1.0, "wood"),
        _box(0.2, 0.58, 0.36, 0.74, "ripple"),
    ],
    "car": [
        _poly(0.16, 0.5, 0.3, 0.2, 0.72, 0.2, 0.86, 0.5),
        _box(0.0, 0.46, 1.0, 0.78),
        _box(0.34, 0.28, 0.48, 0.46, "white"),
        _box(0.56, 0.28, 0.7, 0.46, "white"),
        *_dots([(0.25, 0.8), (0.75, 0.8)], 0.14, "ink"),
    ],
    "star": [_star(5, 0.53, 0.22)],
    "rock": [
        _poly(0.02, 0.92, 0.14, 0.44, 0.42, 0.18, 0.76, 0.34, 0.98, 0.92, fill="stone"),
        _poly(0.2, 0.5, 0.42, 0.28, 0.5, 0.56, fill="pebble"),
        _line(0.26, 0.82, 0.78, 0.82, fill="main", width=0.1),
    ],
    "sign": [
        _box(0.44, 0.7, 0.56, 1.0, "steel"),
        _box(0.04, 0.0, 0.96, 0.8),
        _box(0.12, 0.07, 0.88, 0.73, "white"),
    ],
}

KINDS: tuple[str, ...] = tuple(PICTURES)
"""All kinds, in a fixed order."""

UNCOLORED: frozenset[str] = frozenset({"rails", "nest", "pond", "pole"})
"""Kinds whose picture shows no colour of their own: no text ever gives them one."""

PLURAL_ONLY: frozenset[str] = frozenset({"rails"})
"""Kinds named in the plural only."""

CATEGORIES: dict[str, str] = {
    "train": "vehicle",
    "car": "vehicle",
    "bird": "animal",
    "bee": "animal",
    "dog": "animal",
    "duck": "animal",
    "penguin": "animal",
}
"""Kinds whose category a question may name; every other kind is an `object`."""


def category_of(kind: str) -> str:
    """The category word of a kind.

    >>> category_of("duck"), category_of("lock")
    ('animal', 'object')
    """
    return CATEGORIES.get(kind, "object")


LEXICON: dict[str, str] = {kind: category_of(kind) for kind in KINDS}
"""Every noun of the world and its category, as entity extractors and question writers take them."""
