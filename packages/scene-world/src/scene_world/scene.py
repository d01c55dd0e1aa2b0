"""Scenes as data: which things stand where, and why."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scene_world.glyphs import GLYPHS
from scene_world.rules import BACKGROUNDS, EFFECTS, NEUTRAL, RULES, SECONDS, Rule
from scene_world.things import COLORS

SIZE_PX = 96
GRID = 4
CELL_PX = SIZE_PX // GRID
_JITTER_PX = 3
_MAX_THINGS = 6
_COLOR_NAMES = tuple(COLORS)

Cell = tuple[int, int]


@dataclass(frozen=True)
class Thing:
    """One thing in one cell of the 4 x 4 grid."""

    kind: str
    color: str
    """Its colour word; meaningless for kinds in `UNCOLORED`."""
    side_px: int
    """Side of its square tile, 13 to 16 (small) or 20 to 24 (large) pixels."""
    cell: Cell
    """Column and row, 0 to 3, from the top left."""
    x_px: int
    y_px: int
    """Top left corner of the tile in the image."""
    flip: bool = False
    """Mirrored left to right; signs never are."""
    text: str = ""
    """The character on a sign."""
    rule: str | None = None
    """Name of the rule that put it here, None for anything that nothing implied."""
    causes: tuple[int, ...] = ()
    """Indices of the things that imply it: its cue, then the second thing where the rule has one."""

    @property
    def size(self) -> str:
        """`small` or `large`."""
        return "small" if self.side_px <= 16 else "large"


@dataclass(frozen=True)
class Scene:
    """A background and three to six things, no two in one cell."""

    id: str
    background: str
    things: tuple[Thing, ...]
    texture: int
    light: float


def are_neighbours(a: Cell, b: Cell) -> bool:
    """True if two cells share a side.

    >>> are_neighbours((0, 0), (1, 0)), are_neighbours((0, 0), (1, 1))
    (True, False)
    """
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1


def sample_scene(split: str, index: int, *, crowd: bool = False) -> Scene:
    """Scene number `index` of a split: the same scene for the same arguments, on every machine.

    Args:
        split: any name; scenes of different splits never share their random numbers (`train`, `heldout`...).
        index: number in the split.
        crowd: few kinds, many of each, and no rules: for counting.

    >>> sample_scene("train", 0) == sample_scene("train", 0)
    True
    """
    rng = random.Random(f"scene-world/{split}/{index}{'/crowd' if crowd else ''}")
    while True:
        things = _crowd(rng) if crowd else _ruled(rng)
        if things is not None:
            background, placed = things
            scene_id = f"{split}-{index}{'c' if crowd else ''}"
            return Scene(scene_id, background, tuple(placed), rng.randrange(1 << 16), rng.uniform(0.88, 1.08))


class _Placer:
    """Puts things into free cells."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.free: list[Cell] = [(x, y) for y in range(GRID) for x in range(GRID)]
        self.things: list[Thing] = []

    def put(self, kind: str, cell: Cell | None = None, color: str | None = None) -> int:
        rng = self.rng
        cell = cell or rng.choice(self.free)
        self.free.remove(cell)
        small = rng.random() < 0.5 and kind != "sign"
        side = rng.randint(13, 16) if small else rng.randint(20, 24)
        self.things.append(
            Thing(
                kind=kind,
                color=color or rng.choice(_COLOR_NAMES),
                side_px=side,
                cell=cell,
                x_px=cell[0] * CELL_PX + self._offset(side),
                y_px=cell[1] * CELL_PX + self._offset(side),
                flip=rng.random() < 0.5 and kind != "sign",
                text=rng.choice(GLYPHS) if kind == "sign" else "",
            )
        )
        return len(self.things) - 1

    def beside(self, cell: Cell) -> list[Cell]:
        return [c for c in self.free if are_neighbours(c, cell)]

    def _offset(self, side: int) -> int:
        room = CELL_PX - side
        middle = room // 2
        return self.rng.randint(max(0, middle - _JITTER_PX), min(room, middle + _JITTER_PX))


def _ruled(rng: random.Random) -> tuple[str, list[Thing]] | None:
    background = rng.choice(BACKGROUNDS)
    usable = [r for r in RULES if r.background in (None, background)]
    rules = rng.sample(usable, 1 if rng.random() < 0.55 else 2)
    if len({r.cue for r in rules}) < len(rules):
        return None
    placer = _Placer(rng)
    for rule in rules:
        if not _apply(rule, placer):
            return None
    if len(placer.things) > _MAX_THINGS:
        return None
    wanted = max(rng.randint(3, _MAX_THINGS), len(placer.things))
    while len(placer.things) < wanted:
        placer.put(_filler(rng))
    return background, placer.things


def _apply(rule: Rule, placer: _Placer) -> bool:
    """Places cue, second thing and effect (or an intruder); False if there is no room."""
    rng = placer.rng
    cue = placer.put(rule.cue)
    causes = [cue]
    if rule.second:
        near = placer.beside(placer.things[cue].cell)
        causes.append(placer.put(rule.second, rng.choice([c for c in placer.free if c not in near])))
    near = placer.beside(placer.things[cue].cell)
    if not near:
        return False
    if rng.random() < rule.chance:
        color = placer.things[cue].color if rule.same_color else None
        effect = placer.put(rule.effect, rng.choice(near), color)
        placer.things[effect] = replace(placer.things[effect], rule=rule.name, causes=tuple(causes))
    else:
        placer.put(rng.choice([k for k in (*EFFECTS, *NEUTRAL) if k != rule.effect]), rng.choice(near))
    return True


def _filler(rng: random.Random) -> str:
    """A kind drawn on its own, whatever else is there, so that fillers say nothing about each other."""
    return rng.choice(NEUTRAL) if rng.random() < 0.68 else rng.choice((*EFFECTS, *SECONDS))


def _crowd(rng: random.Random) -> tuple[str, list[Thing]]:
    placer = _Placer(rng)
    kinds: Sequence[str] = rng.sample((*NEUTRAL, *EFFECTS), 2)
    for _ in range(rng.randint(3, _MAX_THINGS)):
        placer.put(kinds[0] if rng.random() < 0.7 else kinds[1])
    return rng.choice(BACKGROUNDS), placer.things
