"""Changes of a number: one more of a kind, or one fewer."""

from __future__ import annotations

import random
from dataclasses import replace

from scene_world.changes import Asked, Changed, free_cells, moved
from scene_world.language import NUMBERS, plural
from scene_world.scene import Scene, Thing
from scene_world.things import COLORS, PLURAL_ONLY

_FEWEST_THINGS, _MOST_THINGS = 3, 6


def other_count(scene: Scene, rng: random.Random) -> Changed | None:
    """One thing more of a kind that is there, or one fewer of a kind that is there at least twice; asks how many.

    A scene keeps its three to six things.
    """
    kinds = [t.kind for t in scene.things]
    makers = [_one_more] * (len(kinds) < _MOST_THINGS) + [_one_fewer] * (
        len(kinds) > _FEWEST_THINGS and len({*kinds}) < len(kinds)
    )
    return rng.choice(makers)(scene, rng) if makers else None


def _one_more(scene: Scene, rng: random.Random) -> Changed:
    twin = rng.choice(scene.things)
    new = replace(moved(twin, rng.choice(free_cells(scene))), color=rng.choice(list(COLORS)))
    return _changed(scene, (*scene.things, new), twin.kind, rng)


def _one_fewer(scene: Scene, rng: random.Random) -> Changed:
    kinds = [t.kind for t in scene.things]
    thing = rng.choice([t for t in scene.things if kinds.count(t.kind) > 1])
    return _changed(scene, tuple(t for t in scene.things if t is not thing), thing.kind, rng)


def _changed(scene: Scene, things: tuple[Thing, ...], kind: str, rng: random.Random) -> Changed:
    before, after = (sum(t.kind == kind for t in some) for some in (scene.things, things))
    text = rng.choice(("How many {} are there?", "Count the {}.")).format(plural(kind))
    texts = _statement(kind, before), _statement(kind, after)
    return Changed(things, texts, Asked("count", text, NUMBERS[before], NUMBERS[after]))


def _statement(kind: str, n: int) -> str:
    if n == 1 and kind not in PLURAL_ONLY:
        return f"There is one {kind}."
    return f"There are {NUMBERS[n]} {plural(kind)}."
