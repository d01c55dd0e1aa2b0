"""Learning from a round's rows: tasks `train-1` and on, and one beside each for a control."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from shard_runner import Row, Task, TaskContext, file_digest
from trial_sampler import image_question

from selfsynthx.datasets.filling import label_sentence
from selfsynthx.errors import InputError, SelfSynthXError
from selfsynthx.models import release_model
from selfsynthx.settings import LABELS, SynthSettings

SETTINGS = (
    "lora_r", "lora_alpha", "lora_dropout", "train_projector", "learning_rate", "schedule", "warmup_ratio", "epochs",
    "batch_size", "gradient_accumulation", "length_weighting", "max_length", "gradient_checkpointing", "packing",
    "dtype", "device", "seed",
)  # fmt: skip
"""Settings that `llava-train` has under the same name, and that the trained weights depend on."""


def training_name(number: int, arm: str = "") -> str:
    """Name of a round's task.

    >>> training_name(2), training_name(2, "labels")
    ('train-2', 'train-2-labels')
    """
    return f"train-{number}" + (f"-{arm}" if arm else "")


def train_task(settings: SynthSettings, number: int, rows_name: str, arm: str = "") -> Task:
    """Train a fresh adapter on the model of the round before; killed, it goes on from its last checkpoint.

    A control makes as many steps as the method.
    """
    from llava_train import images_folder, model_digest

    def run(ctx: TaskContext) -> None:
        rows = learned_rows(ctx.read_rows(rows_name), settings, arm)
        if not rows:
            raise SelfSynthXError("no row is left to learn from; `selfsynthx status RUN` counts the reasons.")
        release_model()
        before = settings.needed_model() if number == 1 else str(ctx.inputs[training_name(number - 1, arm)] / "model")
        steps = _steps_of(ctx.inputs[training_name(number)]) if follows else settings.max_steps
        _train(settings, rows, before, ctx.folder, max_steps=steps)

    follows = bool(arm) and settings.max_steps is None
    config = settings.picked(*SETTINGS, "train_method", "max_steps", "mix_ratio")
    config |= {"augment": settings.chosen_augmentation, "mix": file_digest(settings.mix, error=InputError)}
    config |= {} if settings.mix is None else {"mix_images": str(images_folder(settings.mix, settings.mix_images))}
    config |= {"model": model_digest(settings.needed_model())} if number == 1 else {}
    inputs = [rows_name, *([training_name(number - 1, arm)] if number > 1 else [])]
    inputs += [training_name(number)] if follows else []
    return Task(name=training_name(number, arm), run=run, config=config, inputs=tuple(inputs))


def trained_folder(run_dir: Path, number: int, arm: str = "") -> Path:
    """The merged checkpoint that a round leaves behind."""
    return run_dir / training_name(number, arm) / "model"


def learned_rows(rows: Iterable[Row], settings: SynthSettings, arm: str = "") -> list[dict[str, Any]]:
    """Rows as `llava-train` takes them: picture and bare question, and the answer that is learned.

    The control `labels` learns the label sentence in place of every answer.
    """
    return [
        {
            "id": row["id"],
            "images": [row["image"]],
            "messages": [
                *image_question(row["question"]),
                {"role": "assistant", "content": [{"type": "text", "text": _answer(row, settings, arm)}]},
            ],
        }
        for row in rows
    ]


def _answer(row: Row, settings: SynthSettings, arm: str) -> str:
    return label_sentence(settings.spec, row["label"]) if arm == LABELS else row["answer"]


def _train(
    settings: SynthSettings, rows: list[dict[str, Any]], model: str, folder: Path, *, max_steps: int | None
) -> None:
    from llava_train import MadeRows, SftSettings, train_round

    values = {name: getattr(settings, name) for name in (*SETTINGS, "save_every", "report_to")}
    sft = SftSettings(
        model=model,
        method=settings.train_method,
        max_steps=max_steps,
        augment=settings.chosen_augmentation,
        **values,
    )
    base = list(_mix_rows(settings))
    train_round(sft, model, MadeRows(rows), folder, base_rows=base, ratio=settings.mix_ratio if base else 0.0)


def _mix_rows(settings: SynthSettings) -> Iterator[dict[str, Any]]:
    """General rows; their pictures are never changed.

    Source: arXiv 2502.14044 changes them too, with the flips and colours that their answers speak of.
    """
    from llava_train import read_rooted_rows

    if settings.mix is not None:
        yield from (row | {"augment": False} for row in read_rooted_rows(settings.mix, settings.mix_images))


def _steps_of(folder: Path) -> int:
    """Optimiser steps of a finished training."""
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))["steps"]
