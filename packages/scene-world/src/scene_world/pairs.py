"""Minimal pairs: two scenes that differ in one thing."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from scene_world.language import noun_phrase
from scene_world.render import mask_hw
from scene_world.rules import BACKGROUNDS, NEUTRAL
from scene_world.scene import Scene, Thing, sample_scene
from scene_world.things import COLORS, UNCOLORED

CHANGES: tuple[str, ...] = ("kind", "color", "place", "presence", "background")


@dataclass(frozen=True)
class MinimalPair:
    """Two scenes, a statement that is true of each alone, and what changed."""

    change: str
    first: Scene
    second: Scene
    first_text: str
    second_text: str

    @property
    def changed_share(self) -> float:
        """Share of the picture that the changed things cover; 1 for another background."""
        if self.change == "background":
            return 1.0
        differing = {*self.first.things} ^ {*self.second.things}
        return float(sum(mask_hw(thing).mean() for thing in differing))


def minimal_pair(split: str, index: int, change: str) -> MinimalPair:
    """Pair number `index` of a split: one scene, and the same scene with one thing changed.

    Args:
        split: name of the split.
        index: number in the split.
        change: one of `CHANGES`.

    >>> pair = minimal_pair("train", 3, "presence")
    >>> len(pair.first.things) - len(pair.second.things)
    1
    """
    rng = random.Random(f"pair/{split}/{index}/{change}")
    while True:
        scene = sample_scene(split, index)
        if change == "background":
            return _other_background(scene, rng)
        thing = _one_of_its_kind(scene, rng, change)
        if thing is not None:
            return _changed(scene, thing, change, rng)
        index += 1_000_003


def _one_of_its_kind(scene: Scene, rng: random.Random, change: str) -> Thing | None:
    kinds = [t.kind for t in scene.things]
    fit = [t for t in scene.things if kinds.count(t.kind) == 1 and not (change == "color" and t.kind in UNCOLORED)]
    return rng.choice(fit) if fit else None


def _changed(scene: Scene, thing: Thing, change: str, rng: random.Random) -> MinimalPair:
    if change == "presence":
        things = tuple(t for t in scene.things if t is not thing)
        texts = (f"There is {noun_phrase(thing)}.", f"There is no {thing.kind}.")
    else:
        new = _CHANGED[change](scene, thing, rng)
        things = tuple(new if t is thing else t for t in scene.things)
        texts = _TEXTS[change](thing), _TEXTS[change](new)
    second = replace(scene, id=f"{scene.id}-{change}", things=tuple(replace(t, rule=None, causes=()) for t in things))
    first = replace(scene, things=tuple(replace(t, rule=None, causes=()) for t in scene.things))
    return MinimalPair(change, first, second, *texts)


def _other_kind(scene: Scene, thing: Thing, rng: random.Random) -> Thing:
    there = {t.kind for t in scene.things}
    return replace(thing, kind=rng.choice([k for k in NEUTRAL if k not in there and k != "sign"]), text="")


def _other_color(scene: Scene, thing: Thing, rng: random.Random) -> Thing:
    return replace(thing, color=rng.choice([c for c in COLORS if c != thing.color]))


def _other_place(scene: Scene, thing: Thing, rng: random.Random) -> Thing:
    """Moves the thing to the free cells of the other half."""
    taken = {t.cell for t in scene.things}
    cells = [(x, y) for x in range(4) for y in range(4) if (x, y) not in taken and (x < 2) != (thing.cell[0] < 2)]
    x, y = rng.choice(cells)
    dx, dy = (x - thing.cell[0]) * 24, (y - thing.cell[1]) * 24
    return replace(thing, cell=(x, y), x_px=thing.x_px + dx, y_px=thing.y_px + dy)


def _other_background(scene: Scene, rng: random.Random) -> MinimalPair:
    other = rng.choice([b for b in BACKGROUNDS if b != scene.background])
    second = replace(scene, id=f"{scene.id}-background", background=other)
    return MinimalPair("background", scene, second, f"The ground is {scene.background}.", f"The ground is {other}.")


def _side(thing: Thing) -> str:
    return f"The {thing.kind} is on the {'left' if thing.cell[0] < 2 else 'right'} side."


_CHANGED = {"kind": _other_kind, "color": _other_color, "place": _other_place}
_TEXTS = {
    "kind": lambda t: f"There is {noun_phrase(t)}.",
    "color": lambda t: f"The {t.kind} is {t.color}.",
    "place": _side,
}
