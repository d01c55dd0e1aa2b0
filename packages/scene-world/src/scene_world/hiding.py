"""Which thing of a scene to hide."""

from __future__ import annotations

import random

from scene_world.scene import Scene


def caused_things(scene: Scene) -> list[int]:
    """Indices of the things that a rule put where they are: the causal instances."""
    return [i for i, t in enumerate(scene.things) if t.causes]


def cue_things(scene: Scene) -> list[int]:
    """Indices of the cues whose effect stands beside them."""
    return sorted({t.causes[0] for t in scene.things if t.causes})


def pick_hidden(scene: Scene, rng: random.Random, *, caused: float = 0.6, cue: float = 0.15) -> int:
    """Chooses a thing to hide: one that a rule caused, a cue with its effect in sight, or one that nothing explains.

    Args:
        scene: the scene.
        rng: source of the choice.
        caused: share of caused things among the choices, where the scene has one.
        cue: share of cues.
    """
    draw = rng.random()
    effects, cues = caused_things(scene), cue_things(scene)
    if effects and draw < caused:
        return rng.choice(effects)
    if cues and draw < caused + cue:
        return rng.choice(cues)
    rest = [i for i in range(len(scene.things)) if i not in effects and i not in cues]
    return rng.choice(rest or effects)
