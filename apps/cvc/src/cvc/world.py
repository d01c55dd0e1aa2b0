"""The embedded world as a user's folder: images, captions, annotations, base data, held-out questions, tiny models."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shard_runner.cli import write_json

from cvc.evaluation import COMPLETION
from cvc.settings import TINY, CvcSettings


@dataclass(frozen=True, kw_only=True)
class WorldSize:
    """How much of the world to draw, and how long to train on it."""

    scenes: int
    """Pictures with captions to make instances from."""
    base: int
    """Ordinary training rows, nothing hidden."""
    completion: int
    """Held-out causal questions about what is hidden."""
    per_task: int
    """Held-out questions of every other task."""
    steps: int
    """Optimiser steps."""


FULL = WorldSize(scenes=240, base=600, completion=400, per_task=30, steps=150)
FAST = WorldSize(scenes=120, base=150, completion=60, per_task=5, steps=40)


def write_world(folder: Path, size: WorldSize, seed: int) -> None:
    """Draw a world into a folder; a folder that is complete is left as it is.

    Raises:
        OSError: the folder cannot be written.
    """
    import scene_world
    from llava_train import write_rooted_rows

    wanted = {"seed": seed, **vars(size)}
    record = folder / "world.json"
    if record.is_file() and json.loads(record.read_text(encoding="utf-8")) == wanted:
        return
    record.unlink(missing_ok=True)
    scene_world.write_folder(folder, size.scenes, seed=seed)
    write_json(folder / "lexicon.json", dict(scene_world.LEXICON))
    write_rooted_rows(scene_world.base_rows(size.base, folder / "base", seed=seed), folder / "base.json")
    hidden = scene_world.hidden_rows(size.completion, folder / "held-out", seed=seed)
    others = scene_world.task_rows(size.per_task, folder / "held-out", seed=seed)
    rows = [row | {"task": COMPLETION} for row in hidden] + list(others)
    write_json(folder / "held-out.json", [row | {"image": _relative(row["image"], folder)} for row in rows])
    write_json(record, wanted)


def world_settings(folder: Path, size: WorldSize, seed: int, **changes: Any) -> CvcSettings:
    """Settings that run the method on a drawn world with the tiny models; `changes` are settings that differ."""
    values: dict[str, Any] = {
        "seed": seed,
        "images": folder / "images",
        "captions": folder / "captions.json",
        "annotations": folder / "instances.json",
        "lexicon": folder / "lexicon.json",
        "entities": "blank",
        "mlm": TINY,
        "model": TINY,
        "device": "cpu",
        "segmenter": "box",  # at 96 pixels the outline of a mask would give the thing away
        "min_covered": 1.0,
        "eval_data": folder / "held-out.json",
        "base_data": folder / "base.json",
        "prompts_per_batch": 32,
        "max_new_tokens": 40,
        "gradient_accumulation": 1,
        "train_method": "full",
        "learning_rate": 3e-4,
        "length_weighting": 0.5,
        "max_steps": size.steps,
    }
    return CvcSettings(**(values | changes))


def _relative(path: str, folder: Path) -> str:
    return Path(path).relative_to(folder).as_posix()
