"""The embedded world as a user's folder: large pictures, a LLaVA mix with true boxes, held-out questions."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shard_runner import Row
from shard_runner.cli import write_json

from chain_of_spot.settings import TINY, CosSettings

SIGNS = "small signs"
"""Task of questions whose answer is lost when the tiny model sees the whole picture."""

OTHER_TASKS = ("color", "exist", "side", "count")
"""Questions that the whole picture answers."""


@dataclass(frozen=True, kw_only=True)
class WorldSize:
    """How much of the world to draw, and how long to train on it."""

    scenes: int
    """Pictures to learn from, each with a sign and one other question."""
    held_out: int
    """Pictures never seen in training."""
    steps: int
    """Optimiser steps."""


FULL = WorldSize(scenes=400, held_out=250, steps=120)
FAST = WorldSize(scenes=24, held_out=8, steps=4)


def write_world(folder: Path, size: WorldSize, seed: int) -> None:
    """Draw a world into a folder; a folder that is complete is left as it is.

    `mix.json` is a LLaVA mix whose rows hold the true boxes, `questions.json` holds evaluation questions.
    """
    record, wanted = folder / "world.json", {**vars(size), "seed": seed, "tasks": list(OTHER_TASKS)}
    if record.is_file() and json.loads(record.read_text(encoding="utf-8")) == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)  # what a kill leaves of another world is no complete one
    write_json(folder / "mix.json", [_mix_row(row) for row in _asked(folder, "train", size.scenes, seed)])
    write_json(folder / "questions.json", list(_asked(folder, "heldout", size.held_out, seed)))
    write_json(record, wanted)


def world_settings(folder: Path, size: WorldSize, seed: int, **changes: Any) -> CosSettings:
    """Settings that run the method on a drawn world with the tiny model; `changes` are settings that differ."""
    import scene_world

    values: dict[str, Any] = {
        "seed": seed,
        "data": folder / "mix.json",
        "model": TINY,
        "device": "cpu",
        "map_batch": 32,
        # it cannot read the true letter in the whole picture, so what it would say itself points better
        "explain": "own",
        "score": "log_odds",
        # the model reads signs as large as they are in a crop of half the picture, which it sees pixel for pixel
        "mass": 0.2,
        "sides": [0.5],
        "digits": 2,
        "where_request": scene_world.WHERE_REQUEST + " {question}",
        "region_is": "{region}",
        "answer_request": "{question}",
        "quotes": False,
        "length_weighting": 0.5,
        "batch_size": 8,
        "gradient_checkpointing": False,
        "learning_rate": 5e-4,
        "max_steps": size.steps,
        "save_every": 50,
        "controls": ["random", "centre", "whole", "plain"],
        "eval_data": folder / "questions.json",
        "max_where_tokens": 24,
        "max_new_tokens": 24,
        "prompts_per_batch": 32,
    }
    return CosSettings(**(values | changes))


def _asked(folder: Path, split: str, scenes: int, seed: int) -> Iterator[Row]:
    """Two questions a picture: what its sign says, and one that needs no zoom."""
    import scene_world as world

    (folder / split).mkdir(exist_ok=True)
    for index in range(scenes):
        scene = world.sample_sign_scene(f"{split}-{seed}", index)
        name = f"{split}/{index:05d}.png"
        world.render_large(scene).save(folder / name)
        sign = next(thing for thing in scene.things if thing.kind == "sign")
        shared = {"image": name, "cluster": scene.id}
        box = [float(v) for v in world.plate_box_xyxy_px(sign)]
        yield {"id": f"{scene.id}/sign", **shared, "task": SIGNS, **_sign_question(sign), "boxes": [box]}
        drawn = random.Random(f"chain-of-spot/{split}/{seed}/{index}")
        question = _other(world.View(scene), drawn)
        if question is not None:
            named = {"question": question.text, "answer": question.answer, "task": question.task}
            yield {"id": f"{scene.id}/{question.task}", **shared, **named, "boxes": []}


def _sign_question(sign: Any) -> Row:
    return {"question": "What does the sign say?", "answer": sign.text}


def _other(view: Any, drawn: random.Random) -> Any:
    import scene_world as world

    tasks = list(OTHER_TASKS)
    drawn.shuffle(tasks)
    return next((found for task in tasks if (found := world.ask(task, view, drawn)) is not None), None)


def _mix_row(row: Row) -> Row:
    turns = [{"from": "human", "value": f"<image>\n{row['question']}"}, {"from": "gpt", "value": row["answer"]}]
    return {"id": row["id"], "image": row["image"], "conversations": turns, "boxes": row["boxes"]}
