"""The embedded world as a user's folder: pictures with true scenes, and held-out questions."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from shard_runner import Row
from shard_runner.cli import write_json

from world2code.settings import TINY, WORLD, W2cSettings

SEVERAL, ONE = "boxes of several", "boxes of one"
"""Tasks: all boxes of a kind, F1 at an IoU of 0.5, where there are several of it and where there is one."""

OTHER_TASKS = ("ground", "exist", "color", "region", "side", "count")
"""Questions that the model knew before."""


@dataclass(frozen=True, kw_only=True)
class WorldSize:
    """How much of the world to draw, and how long to train on it."""

    scenes: int
    """Pictures to learn from; two of three are crowds, with several things of a kind."""
    held_out: int
    """Pictures never seen in training."""
    steps: int
    """Optimiser steps."""


FULL = WorldSize(scenes=220, held_out=240, steps=280)
"""Of a study."""

DEMO = WorldSize(scenes=150, held_out=150, steps=200)
"""Of the demo, which is to take minutes."""

FAST = WorldSize(scenes=16, held_out=12, steps=4)


def write_world(folder: Path, size: WorldSize, seed: int) -> None:
    """Draw a world into a folder; a folder that is complete is left as it is.

    `images.json` holds rows with the true scenes, `questions.json` evaluation questions, `lexicon.json` the nouns,
    `base.json` ordinary rows to mix in.
    """
    import scene_world
    from llava_train import write_rooted_rows

    record, wanted = folder / "world.json", {**vars(size), "seed": seed}
    if record.is_file() and json.loads(record.read_text(encoding="utf-8")) == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)  # what a kill leaves of another world is no complete one
    write_json(folder / "lexicon.json", dict(scene_world.LEXICON))
    write_json(folder / "wording.json", _ROW_WORDING)
    write_json(folder / "images.json", list(_image_rows(folder, size.scenes, seed)))
    write_rooted_rows(scene_world.base_rows(size.scenes, folder / "base", seed=seed), folder / "base.json")
    write_json(folder / "questions.json", list(_questions(folder, size.held_out, seed)))
    write_json(record, wanted)


_QUESTIONS = {
    "detailed": "Describe the image.",
    "general": "What do you see?",
    "exists": "Is there {a_name} in the image?",
    "claims": "Is there {a_phrase} in the image?",
    "how_many": "How many {plural} are there?",
    "region": "What is in the box {box}?",
    "read": "What does the sign say?",
    "pair": "Describe the image.",
}
"""The tiny model knows these words and no others."""

_ROW_WORDING: dict[str, Any] = {
    "region": ["What is in the box {box}?", "Name the object in {box}."],
    "grounding": ["Where is the {phrase}?", "Give the box of the {phrase}."],
    "boxes": ["Where are the {plural}?"],
    "count": ["How many {plural} are there?", "Count the {plural}."],
    "text": ["What does the {phrase} say?"],
    "caption": ["Describe the image."],
}


def world_settings(folder: Path, size: WorldSize, seed: int, **changes: Any) -> W2cSettings:
    """Settings that run the method on a drawn world with the tiny model; `changes` are settings that differ."""
    values: dict[str, Any] = {
        "seed": seed,
        "data": folder / "images.json",
        "model": TINY,
        "device": "cpu",
        "prompts_per_batch": 32,
        "images_per_batch": 16,
        # it is too sure of itself for captions to differ otherwise
        "temperature": 1.3,
        "captions": 4,
        "captions_drawn": 4,
        "max_new_tokens": 80,
        "entities": "blank",
        "lexicon": folder / "lexicon.json",
        "detector": WORLD,
        "box_threshold": 0.5,
        "questions": _QUESTIONS,
        # cuts are larger than anything it has seen; a thing in its place is not
        "view": "in_place",
        "region_view": "whole",
        "exists_floor_px": 20,
        # it cannot say whether there are at least so many, and counts crowds badly: only what it never counts is cut
        "count_form": "how_many",
        "count_samples": 8,
        "counting_threshold": 0.1,
        "read_names": ["sign"],
        "least_read_px": 8,
        "least_pair_share": 0.01,
        "most_pairs": 1,
        "least_members": 4,
        "box_frame": "whole",
        "box_step": 0.05,
        "code_tokens": 900,
        "forms": ["boxes"],
        "row_wording": folder / "wording.json",
        "mix": folder / "base.json",
        "mix_ratio": 0.5,
        "length_weighting": 0.5,
        "batch_size": 16,
        "max_length": 1024,
        "gradient_checkpointing": False,
        "learning_rate": 7e-4,
        "max_steps": size.steps,
        "save_every": 50,
        "controls": ["unfiltered"],
        "eval_data": folder / "questions.json",
        "eval_tokens": 24,
    }
    return W2cSettings(**(values | changes))


def true_scene(scene: Any) -> Any:
    """A drawn scene as `code_caption.Scene`: every thing an element, neighbours related by the rule of pairs."""
    import scene_world
    from code_caption import Element, Relation, Scene, Sighting, find_pairs, to_fractions, to_units

    px = scene_world.SIZE_PX
    elements: list[Any] = []
    sightings: list[Any] = []
    for key, thing in enumerate(scene.things):
        x0, y0, x1, y1 = map(float, scene_world.box_xyxy_px(thing))
        box = (x0, y0, x1, y1)
        color = () if thing.kind in scene_world.UNCOLORED else (thing.color,)
        elements.append(Element(thing.kind, to_fractions(box, (px, px)), attributes=color, text=thing.text))
        sightings.append(Sighting(key, thing.kind, box))
    units = to_units(sightings, least_members=len(sightings) + 2)
    pairs = find_pairs(units, (px, px), least_share=0.01)
    relations = (Relation(a.keys[0], b.keys[0], "next to") for a, b in pairs)
    return Scene("", tuple(elements), (), tuple(relations))


def _image_rows(folder: Path, scenes: int, seed: int) -> Iterator[Row]:
    import scene_world as world
    from code_caption import scene_to_json

    (folder / "train").mkdir(exist_ok=True)
    for index in range(scenes):
        scene = world.sample_scene(f"w2c-train-{seed}", index, crowd=index % 3 > 0)
        name = f"train/{index:05d}.png"
        world.render(scene).save(folder / name)
        yield {"id": scene.id, "image_path": name, "scene": json.dumps(scene_to_json(true_scene(scene)))}


def _questions(folder: Path, scenes: int, seed: int) -> Iterator[Row]:
    """All boxes of a kind, and two questions that need nothing new."""
    import scene_world as world

    (folder / "heldout").mkdir(exist_ok=True)
    for index in range(scenes):
        scene = world.sample_scene(f"w2c-heldout-{seed}", index, crowd=index % 2 == 0)
        name = f"heldout/{index:05d}.png"
        world.render(scene).save(folder / name)
        drawn = random.Random(f"world2code/{seed}/{index}")
        shared = {"image": name, "cluster": scene.id}
        for number, row in enumerate([*_box_questions(scene, drawn), *_known_questions(scene, drawn)]):
            yield {"id": f"{scene.id}/{number}", **shared, **row}


def _box_questions(scene: Any, drawn: random.Random) -> Iterator[Row]:
    """All boxes of a kind of which there are several, and of one that is alone."""
    import scene_world as world

    kinds = [thing.kind for thing in scene.things]
    for task, several in ((SEVERAL, True), (ONE, False)):
        fit = sorted({kind for kind in kinds if (kinds.count(kind) > 1) == several})
        if fit:
            kind = drawn.choice(fit)
            boxes = [world.box_text(world.box_xyxy_px(thing)) for thing in scene.things if thing.kind == kind]
            question = f"Where are the {world.plural(kind)}?"
            yield {"task": task, "question": question, "answer": ", ".join(boxes), "every_box": True}


def _known_questions(scene: Any, drawn: random.Random) -> Iterator[Row]:
    import scene_world as world

    view = world.View(scene)
    tasks = list(OTHER_TASKS)
    drawn.shuffle(tasks)
    asked = (world.ask(task, view, drawn) for task in tasks)
    for found in islice((one for one in asked if one is not None), 2):
        yield {"task": found.task, "question": found.text, "answer": found.answer}
