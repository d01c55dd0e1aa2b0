"""Learning from the rows: steps `train` and one for each control."""

import json
from pathlib import Path
from typing import Any

from shard_runner import Task, TaskContext, file_digest

from world2code.arms import METHOD, Arm
from world2code.errors import InputError, World2CodeError
from world2code.models import release_model
from world2code.settings import W2cSettings

SETTINGS = (
    "train_method", "lora_r", "lora_alpha", "learning_rate", "epochs", "max_steps", "batch_size",
    "gradient_accumulation", "warmup_ratio", "length_weighting", "max_length", "gradient_checkpointing", "dtype",
    "device", "seed",
)  # fmt: skip
"""Settings that the trained weights depend on."""


def train_task(settings: W2cSettings, arm: Arm) -> Task:
    """Train on an arm's rows and the mix; killed, it goes on from its last checkpoint."""
    from llava_train import model_digest

    def run(ctx: TaskContext) -> None:
        from llava_train import train

        own = [{name: row[name] for name in ("id", "messages", "images")} for row in ctx.read_rows(arm.step("rows"))]
        if not own:
            raise World2CodeError("no row is left to train on; `world2code status RUN` counts the reasons.")
        release_model()
        steps = _steps_of(ctx.inputs[_METHOD]) if follows else settings.max_steps
        train(sft_settings(settings, max_steps=steps), _mixed(own, settings), ctx.folder)

    # Without a fixed number, a control makes as many steps as the method did, however many rows it has.
    follows = settings.max_steps is None and not arm.is_method
    config = settings.picked(*SETTINGS, "mix_ratio") | {"model": model_digest(settings.needed_weights())}
    config |= {"mix": file_digest(settings.mix, error=InputError), "mix_images": _mix_images(settings)}
    inputs = (arm.step("rows"), _METHOD) if follows else (arm.step("rows"),)
    return Task(name=arm.step("train"), run=run, config=config, inputs=inputs)


_METHOD = METHOD.step("train")


def _steps_of(folder: Path) -> int:
    """Optimiser steps of a finished training."""
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))["steps"]


def trained_folder(run_dir: Path, arm: Arm) -> Path:
    """The checkpoint that the step leaves behind."""
    return run_dir / arm.step("train") / "model"


def sft_settings(settings: W2cSettings, *, max_steps: int | None) -> Any:
    """The training of a run as `llava-train` takes it."""
    from llava_train import SftSettings

    names = [name for name in SETTINGS if name not in ("train_method", "max_steps")]
    values = {name: getattr(settings, name) for name in (*names, "save_every", "report_to")}
    return SftSettings(model=settings.needed_weights(), method=settings.train_method, max_steps=max_steps, **values)


def _mixed(own: list[Any], settings: W2cSettings) -> list[Any]:
    from llava_train import mix, read_rooted_rows

    if settings.mix is None:
        return own
    base = read_rooted_rows(settings.mix, settings.mix_images)
    return mix(own, base, ratio=settings.mix_ratio, seed=settings.seed)


def _mix_images(settings: W2cSettings) -> str:
    """Folder of the mix's images; empty where there is no mix."""
    from llava_train import images_folder

    return "" if settings.mix is None else str(images_folder(settings.mix, settings.mix_images))
