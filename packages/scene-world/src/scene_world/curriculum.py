"""What the tiny VLM reads at each step of its pretraining: a pure function of the step number."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scene_world.hiding import pick_hidden
from scene_world.packing import Branch, Encoder
from scene_world.patch_words import patch_labels
from scene_world.questions import View, ask
from scene_world.render import render, render_hidden
from scene_world.scene import sample_scene
from scene_world.zoom import make_zoom, zoom_crop

_DENSE: dict[str, float] = {"caption": 1.0, "list": 1.2, "region": 1.0}
_QUESTIONS: dict[str, float] = {
    "exist": 3.0,
    "attribute": 0.8,
    "color": 1.6,
    "count": 1.3,
    "side": 1.0,
    "level": 0.8,
    "relation": 2.2,
    "above": 1.2,
    "near": 1.2,
    "beside": 2.0,
    "region": 0.6,
    "ground": 2.4,
    "sign": 3.0,
    "zoom": 1.0,
}
_LATE_QUESTIONS: dict[str, float] = _QUESTIONS | {
    "exist": 2.4,
    "attribute": 1.8,
    "color": 1.2,
    "count": 2.8,
    "side": 0.6,
    "level": 0.6,
    "near": 1.6,
    "beside": 2.6,
    "region": 0.4,
    "ground": 1.2,
    "sign": 1.2,
    "zoom": 1.2,
}
_HIDDEN: dict[str, float] = {
    "beside": 2.0,
    "relation": 0.5,
    "region": 0.6,
    "ground": 0.8,
    "color": 0.6,
    "exist": 0.8,
    "caption": 0.4,
}
_ONCE = ("caption", "list", "sign", "zoom", "hidden", "hidden-short")
_ROW_TOKENS = 110
_HIDDEN_SHARE = 0.2
_CROWD_SHARE = 0.12


@dataclass(frozen=True)
class Plan:
    """What a step asks for."""

    dense: float
    """Chance that a row is made of captions and box lists."""
    completions: float
    """Chance that an image with a hidden thing also asks what is hidden."""
    is_late: bool = False
    """Ask more of what is learnt last: counts, attributes, neighbours."""


class Example(NamedTuple):
    """One packed row: its image, the crops of its zoom dialogues in order, its branches and its patch labels."""

    image: NDArray[np.uint8]
    crops: list[NDArray[np.uint8]]
    branches: list[Branch]
    labels: NDArray[np.int64]


def example(encoder: Encoder, index: int, plan: Plan) -> Example:
    """Training example number `index`, made from the training scene of that number."""
    rng = random.Random(f"curriculum/{index}")
    scene = sample_scene("train", index, crowd=rng.random() < _CROWD_SHARE)
    hides = rng.random() < _HIDDEN_SHARE
    view = View(scene, pick_hidden(scene, rng) if hides else None)
    image = render_hidden(scene, view.hidden, seed=index).image if view.hidden is not None else render(scene)
    questions = _LATE_QUESTIONS if plan.is_late else _QUESTIONS
    tasks = _HIDDEN if hides else _DENSE if rng.random() < plan.dense else questions
    asks_hidden = hides and rng.random() < plan.completions
    first = ["hidden" if rng.random() < 0.75 else "hidden-short"] if asks_hidden else []
    branches, crops = _fill(encoder, view, image, tasks, first, rng)
    return Example(np.asarray(image), crops, branches, patch_labels(view))


def _fill(
    encoder: Encoder, view: View, image: Image.Image, tasks: dict[str, float], first: list[str], rng: random.Random
) -> tuple[list[Branch], list[NDArray[np.uint8]]]:
    """Asks until the row is full, so that padding stays small."""
    branches: list[Branch] = []
    crops: list[NDArray[np.uint8]] = []
    seen: set[str] = set()
    names, shares = list(tasks), list(tasks.values())
    for _ in range(40):
        used = sum(map(len, branches))
        if used >= _ROW_TOKENS:
            break
        task = first.pop() if first else rng.choices(names, shares)[0]
        if task in seen or (task == "list" and used > _ROW_TOKENS // 3):
            continue
        if task in _ONCE:
            seen.add(task)
        if task == "zoom":
            zoom = make_zoom(view, rng)
            if zoom:
                branches.append(encoder.zoom(zoom))
                crops.append(np.asarray(zoom_crop(image, zoom.box_xyxy_px)))
            continue
        question = ask(task, view, rng)
        if question:
            branches.append(encoder.question(question))
    return branches, crops
