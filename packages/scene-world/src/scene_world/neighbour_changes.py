"""Changes of how things stand to each other: which is further left, what is next to what."""

from __future__ import annotations

import random

from scene_world.changes import Asked, Changed, exchanged, free_cells, moved, singles
from scene_world.language import direction, noun_phrase
from scene_world.scene import Scene, are_neighbours
from scene_world.thing_changes import neutral_instead
from scene_world.things import PLURAL_ONLY


def trade(scene: Scene, rng: random.Random) -> Changed | None:
    """Two things of different columns trade places; asks which side of the other the one is on."""
    fit = [(a, b) for a in singles(scene) for b in singles(scene) if a.cell[0] != b.cell[0]]
    if not fit:
        return None
    a, b = rng.choice(fit)
    sides = ("left", "right") if a.cell[0] < b.cell[0] else ("right", "left")
    texts = f"The {a.kind} is {sides[0]} of the {b.kind}.", f"The {a.kind} is {sides[1]} of the {b.kind}."
    asked = Asked("relation", f"Is the {a.kind} left or right of the {b.kind}?", *sides)
    return Changed(exchanged(scene, {a: moved(a, b.cell), b: moved(b, a.cell)}), texts, asked)


def closer_or_further(scene: Scene, rng: random.Random) -> Changed | None:
    """A thing moves next to another or away from it, each in half of the cases; asks whether it is next to it."""
    is_near = rng.random() < 0.5
    fit = [(a, b) for a in singles(scene) for b in singles(scene) if a is not b]
    fit = [(a, b) for a, b in fit if are_neighbours(a.cell, b.cell) == is_near]
    moves = [(a, b, c) for a, b in fit for c in free_cells(scene) if are_neighbours(c, b.cell) != is_near]
    if not moves:
        return None
    a, b, cell = rng.choice(moves)
    near, far = f"The {a.kind} is next to the {b.kind}.", f"The {a.kind} is not next to the {b.kind}."
    texts, answers = ((near, far), ("yes", "no")) if is_near else ((far, near), ("no", "yes"))
    asked = Asked("near", f"Is the {a.kind} next to the {b.kind}?", *answers)
    return Changed(exchanged(scene, {a: moved(a, cell)}), texts, asked)


def other_neighbour(scene: Scene, rng: random.Random) -> Changed | None:
    """What stands in the cell beside a thing turns into another kind, or moves elsewhere; asks what stands there."""
    fit = [(t, anchor) for anchor in singles(scene) for t in scene.things if are_neighbours(t.cell, anchor.cell)]
    if not fit:
        return None
    thing, anchor = rng.choice(fit)
    leaves = rng.random() < 0.5
    new = moved(thing, rng.choice(free_cells(scene))) if leaves else neutral_instead(scene, thing, rng)
    where = f"{direction(thing.cell, anchor.cell)} the {anchor.kind}"
    answers = noun_phrase(thing), "nothing" if leaves else noun_phrase(new)
    texts = _statement(answers[0], where), _statement(answers[1], where)
    return Changed(exchanged(scene, {thing: new}), texts, Asked("beside", f"What is {where}?", *answers))


def _statement(answer: str, where: str) -> str:
    return f"There {'are' if answer in PLURAL_ONLY else 'is'} {answer} {where}."
