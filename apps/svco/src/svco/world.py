"""The embedded world as a user's folder: pairs as MVC JSON, held-out questions, the tiny model."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shard_runner import Row
from shard_runner.cli import write_json

from svco.comparing import ABSENT
from svco.settings import TINY, SvcoRunSettings

CHANGES = ("kind", "color", "place", "presence", "relation", "background")
"""What differs within a pair of the demo. The tiny model sees these things well when it is asked about them, and
does not tell the pictures apart when it describes them: what S-VCO is for."""


@dataclass(frozen=True, kw_only=True)
class WorldSize:
    """How much of the world to draw, and how long to train on it."""

    pairs: int
    """Pairs to learn from."""
    held_out: int
    """Pairs of scenes that no training pair shows."""
    asked_pairs: int
    """Held-out pairs with a question whose answer differs between the two, asked in the model's usual wording."""
    per_task: int
    """Held-out questions of every other task."""
    absent: int
    """Held-out questions about things, half of them not there."""
    steps: int
    """Optimiser steps."""


FULL = WorldSize(pairs=1000, held_out=500, asked_pairs=160, per_task=30, absent=200, steps=100)
FAST = WorldSize(pairs=120, held_out=40, asked_pairs=16, per_task=2, absent=8, steps=12)


def write_world(folder: Path, size: WorldSize, seed: int) -> None:
    """Draw a world into a folder; a folder that is complete is left as it is.

    `mvc.json` and `held-out.json` are pairs as MVC JSON (held-out ones are validation pairs of the run),
    `questions.json` holds evaluation questions.
    """
    import scene_world

    record, wanted = folder / "world.json", {**vars(size), "seed": seed, "changes": list(CHANGES)}
    if record.is_file() and json.loads(record.read_text(encoding="utf-8")) == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)  # what a kill leaves of another world is no complete one
    drawn = {"train": size.pairs, "heldout": size.held_out}
    rows = {
        split: list(scene_world.pair_rows(n, folder / split, split=split, seed=seed, changes=CHANGES, statements=True))
        for split, n in drawn.items()
    }
    write_json(folder / "mvc.json", [_mvc(row, folder) for row in rows["train"]])
    write_json(folder / "held-out.json", [_mvc(row, folder) for row in rows["heldout"]])
    write_json(folder / "questions.json", _questions(folder, size, seed))
    write_json(record, wanted)


def world_settings(folder: Path, size: WorldSize, seed: int, **changes: Any) -> SvcoRunSettings:
    """Settings that run the method on a drawn world with the tiny model; `changes` are settings that differ."""
    values: dict[str, Any] = {
        "seed": seed,
        "data": folder / "mvc.json",
        "validation_data": folder / "held-out.json",
        "model": TINY,
        "device": "cpu",
        "eval_data": folder / "questions.json",
        "controls": ["sft", "dpo"],
        "batch_size": 16,
        "gradient_accumulation": 1,
        "gradient_checkpointing": False,
        "learning_rate": 1e-3,
        "sft_rate": 1e-3,
        "max_steps": size.steps,
        "eval_every": max(1, size.steps // 4),
        "save_every": 50,
        "prompts_per_batch": 32,
        "max_new_tokens": 24,
    }
    return SvcoRunSettings(**(values | changes))


def _mvc(row: Row, folder: Path) -> Row:
    return {
        "system_prompt": "",
        "instruction_prompt": row["question"],
        "chosen_images": [_relative(row["image_a"], folder)],
        "rejected_images": [_relative(row["image_b"], folder)],
        "chosen_response": row["text_x"],
        "rejected_response": row["text_y"],
        "category": row["category"],
    }


def _questions(folder: Path, size: WorldSize, seed: int) -> list[Row]:
    """Pairs of questions, then single ones; questions about absent things are a task of their own."""
    import scene_world

    asked = scene_world.pair_questions(size.asked_pairs, folder / "asked", seed=seed)
    others = list(scene_world.task_rows(size.per_task, folder / "tasks", seed=seed))
    exist = scene_world.exam("exist", size.absent, f"absent/{seed}")
    absent = [_absent(item, number, folder) for number, item in enumerate(exist) if item.question.answer == "no"]
    names = ("id", "pair", "image", "question", "answer", "task", "cluster")
    return [
        {name: row[name] for name in names if name in row} | {"image": _relative(row["image"], folder)}
        for row in (*asked, *others, *absent)
    ]


def _absent(item: Any, number: int, folder: Path) -> Row:
    path = folder / "absent" / f"{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    item.image.save(path)
    scene = item.view.scene.id
    row = {"id": f"absent-{scene}-{number}", "image": str(path), "task": ABSENT, "cluster": scene}
    return row | {"question": item.question.text, "answer": item.question.answer}


def _relative(path: str, folder: Path) -> str:
    return Path(path).relative_to(folder).as_posix()
