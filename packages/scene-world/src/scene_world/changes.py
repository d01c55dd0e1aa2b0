"""What one change makes of a scene, and what is asked and said of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from scene_world.language import with_article
from scene_world.scene import CELL_PX, GRID, Cell, Scene, Thing


class Asked(NamedTuple):
    """A question in a wording that the tiny VLM knows, with its short answer before and after the change."""

    task: str
    """The task of `EXAM_TASKS` that words it so."""
    text: str
    first_answer: str
    second_answer: str


class Changed(NamedTuple):
    """What there is after a change, and what tells it from before."""

    things: tuple[Thing, ...]
    texts: tuple[str, str]
    """A statement that is true before the change alone, and one that is true after it alone."""
    asked: Asked


Change = Callable[[Scene, random.Random], Changed | None]
"""Makes one change, or None where the scene has no such change."""


def singles(scene: Scene) -> list[Thing]:
    """Things whose kind is there once, so that `the train` means one thing."""
    kinds = [t.kind for t in scene.things]
    return [t for t in scene.things if kinds.count(t.kind) == 1]


def free_cells(scene: Scene) -> list[Cell]:
    """Cells without a thing, column by column."""
    taken = {t.cell for t in scene.things}
    return [(x, y) for x in range(GRID) for y in range(GRID) if (x, y) not in taken]


def moved(thing: Thing, cell: Cell) -> Thing:
    """The same thing in another cell, as far from its corner as before."""
    dx, dy = ((new - old) * CELL_PX for new, old in zip(cell, thing.cell, strict=True))
    return replace(thing, cell=cell, x_px=thing.x_px + dx, y_px=thing.y_px + dy)


def exchanged(scene: Scene, new: dict[Thing, Thing]) -> tuple[Thing, ...]:
    """The things of a scene with some of them exchanged for others."""
    return tuple(new.get(t, t) for t in scene.things)


def exists(kind: str, rng: random.Random, *, first: bool) -> Asked:
    """Asks whether a kind is there, which is so in the first scene or in the second one alone."""
    text = rng.choice(("Is there {} in the image?", "Does the image show {}?")).format(with_article(kind))
    return Asked("exist", text, *(("yes", "no") if first else ("no", "yes")))
