"""Minimal pairs: two scenes that differ in one thing, and a question that only looking tells apart."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from scene_world.changes import Change
from scene_world.count_changes import other_count
from scene_world.errors import SceneWorldError
from scene_world.neighbour_changes import closer_or_further, other_neighbour, trade
from scene_world.render import mask_hw
from scene_world.rules import BACKGROUNDS
from scene_world.scene import Scene, Thing, sample_scene
from scene_world.thing_changes import gone, other_color, other_half, other_kind

_CHANGES: dict[str, Change] = {
    "kind": other_kind,
    "color": other_color,
    "place": other_half,
    "presence": gone,
    "count": other_count,
    "relation": trade,
    "near": closer_or_further,
    "beside": other_neighbour,
}
ASKED_CHANGES: tuple[str, ...] = tuple(_CHANGES)
"""Changes that a question of `EXAM_TASKS` fits; no known question asks for the background."""
CHANGES: tuple[str, ...] = (*ASKED_CHANGES, "background")
"""All changes."""
_CROWD_SHARE = 0.5


@dataclass(frozen=True)
class MinimalPair:
    """Two scenes, a statement that is true of each alone, what changed, and a question that they answer differently."""

    change: str
    first: Scene
    second: Scene
    first_text: str
    second_text: str
    task: str = ""
    """The task of `EXAM_TASKS` whose wording the question has; empty, as the next three, for another background."""
    question: str = ""
    first_answer: str = ""
    """The short answer that is true of the first scene and false of the second."""
    second_answer: str = ""
    """The short answer that is true of the second scene and false of the first."""

    @property
    def changed_share(self) -> float:
        """Share of the picture that the changed things cover; 1 for another background."""
        if self.change == "background":
            return 1.0
        differing = {*self.first.things} ^ {*self.second.things}
        return float(sum(mask_hw(thing).mean() for thing in differing))

    def swapped(self) -> MinimalPair:
        """The same pair with the second scene first.

        >>> minimal_pair("train", 3, "presence").swapped().first_answer
        'no'
        """
        return MinimalPair(
            self.change,
            self.second,
            self.first,
            self.second_text,
            self.first_text,
            self.task,
            self.question,
            self.second_answer,
            self.first_answer,
        )


def minimal_pair(split: str, index: int, change: str) -> MinimalPair:
    """Pair number `index` of a split: one scene, and the same scene with one thing changed.

    For `count`, half of the scenes are crowded.

    Args:
        split: name of the split.
        index: number in the split.
        change: one of `CHANGES`.

    Raises:
        SceneWorldError: there is no such change.

    >>> pair = minimal_pair("train", 3, "presence")
    >>> len(pair.first.things) - len(pair.second.things)
    1
    >>> pair.first_answer, pair.second_answer
    ('yes', 'no')
    """
    if change not in CHANGES:
        raise SceneWorldError(f"change must be one of {', '.join(CHANGES)}; got {change!r}.")
    rng = random.Random(f"pair/{split}/{index}/{change}")
    while True:
        scene = sample_scene(split, index, crowd=change == "count" and rng.random() < _CROWD_SHARE)
        if change == "background":
            return _other_background(scene, rng)
        pair = _pair(scene, change, rng)
        if pair is not None:
            return pair
        index += 1_000_003


def _pair(scene: Scene, change: str, rng: random.Random) -> MinimalPair | None:
    changed = _CHANGES[change](scene, rng)
    if changed is None:
        return None
    first = replace(scene, things=_without_causes(scene.things))
    second = replace(scene, id=f"{scene.id}-{change}", things=_without_causes(changed.things))
    return MinimalPair(change, first, second, *changed.texts, *changed.asked)


def _without_causes(things: tuple[Thing, ...]) -> tuple[Thing, ...]:
    return tuple(replace(t, rule=None, causes=()) for t in things)


def _other_background(scene: Scene, rng: random.Random) -> MinimalPair:
    other = rng.choice([b for b in BACKGROUNDS if b != scene.background])
    second = replace(scene, id=f"{scene.id}-background", background=other)
    return MinimalPair("background", scene, second, f"The ground is {scene.background}.", f"The ground is {other}.")
