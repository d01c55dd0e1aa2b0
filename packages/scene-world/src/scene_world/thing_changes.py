"""Changes of one thing for itself: its kind, its colour, its half of the picture, whether it is there."""

from __future__ import annotations

import random
from dataclasses import replace

from scene_world.changes import Asked, Changed, exchanged, exists, free_cells, moved, singles
from scene_world.language import noun_phrase
from scene_world.rules import NEUTRAL
from scene_world.scene import GRID, Scene, Thing
from scene_world.things import COLORS, UNCOLORED


def other_kind(scene: Scene, rng: random.Random) -> Changed | None:
    """A neutral thing of a kind that was not there stands in the place of another; asks for the old kind or the new."""
    if not (fit := singles(scene)):
        return None
    thing = rng.choice(fit)
    new = neutral_instead(scene, thing, rng)
    texts = f"There is {noun_phrase(thing)}.", f"There is {noun_phrase(new)}."
    asks_old = rng.random() < 0.5
    return Changed(
        exchanged(scene, {thing: new}), texts, exists((thing if asks_old else new).kind, rng, first=asks_old)
    )


def neutral_instead(scene: Scene, thing: Thing, rng: random.Random) -> Thing:
    """A neutral thing, not a sign and of no kind of the scene, where another stands, in its colour and size."""
    there = {t.kind for t in scene.things}
    return replace(thing, kind=rng.choice([k for k in NEUTRAL if k not in there and k != "sign"]), text="")


def other_color(scene: Scene, rng: random.Random) -> Changed | None:
    """A thing has another colour; asks which."""
    if not (fit := [t for t in singles(scene) if t.kind not in UNCOLORED]):
        return None
    thing = rng.choice(fit)
    new = replace(thing, color=rng.choice([c for c in COLORS if c != thing.color]))
    texts = f"The {thing.kind} is {thing.color}.", f"The {thing.kind} is {new.color}."
    text = rng.choice(("What color is the {}?", "Which color does the {} have?")).format(thing.kind)
    return Changed(exchanged(scene, {thing: new}), texts, Asked("color", text, thing.color, new.color))


def other_half(scene: Scene, rng: random.Random) -> Changed | None:
    """A thing stands in a free cell of the other half, left or right; asks for its side."""
    if not (fit := singles(scene)):
        return None
    thing = rng.choice(fit)
    new = moved(thing, rng.choice([c for c in free_cells(scene) if _side(c[0]) != _side(thing.cell[0])]))
    sides = _side(thing.cell[0]), _side(new.cell[0])
    texts = f"The {thing.kind} is on the {sides[0]} side.", f"The {thing.kind} is on the {sides[1]} side."
    text = rng.choice(("Is the {} on the left or right side?", "Which side is the {} on, left or right?"))
    return Changed(exchanged(scene, {thing: new}), texts, Asked("side", text.format(thing.kind), *sides))


def gone(scene: Scene, rng: random.Random) -> Changed | None:
    """A thing is not there any more; asks whether it is."""
    if not (fit := singles(scene)):
        return None
    thing = rng.choice(fit)
    texts = f"There is {noun_phrase(thing)}.", f"There is no {thing.kind}."
    return Changed(tuple(t for t in scene.things if t is not thing), texts, exists(thing.kind, rng, first=True))


def _side(column: int) -> str:
    return "left" if column < GRID // 2 else "right"
