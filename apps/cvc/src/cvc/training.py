"""Training rows in, a better model out: the tasks `export` and `train`."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shard_runner import Row, Task, TaskContext
from shard_runner.cli import write_json

from cvc.engines import file_digest, model_identity
from cvc.errors import CvcError, SettingsError
from cvc.settings import CvcSettings
from cvc.trials import preference_pairs

LLAVA_JSON = "llava.json"
MVC_JSON = "mvc.json"

TRAINED = Path("train") / "model"
"""The trained checkpoint inside the run folder."""


def export_task() -> Task:
    """Write the training set as LLaVA JSON and MVC JSON (right rationale against wrong), images relative to the run."""

    def run(ctx: TaskContext) -> None:
        from llava_train import write_llava_json

        rows = list(ctx.read_rows("mix"))
        write_llava_json(
            [{key: row[key] for key in ("id", "images", "messages")} for row in rows], ctx.folder / LLAVA_JSON
        )
        pairs = preference_pairs(rows, list(ctx.read_rows("judge")))
        write_json(ctx.folder / MVC_JSON, pairs, indent=1)

    return Task(name="export", run=run, inputs=("mix", "judge"))


def train_task(settings: CvcSettings, run_dir: Path) -> Task:
    """Fine-tune the model on its own rows and base rows; killed, it goes on from its last checkpoint."""

    def run(ctx: TaskContext) -> None:
        own = [training_row(row, run_dir) for row in ctx.read_rows("mix")]
        train_on(mixed_rows(own, settings), settings, ctx.folder)

    names = ("base_ratio", "train_method", "lora_r", "lora_alpha", "learning_rate", "epochs", "max_steps", "batch_size")
    names += ("device", "gradient_accumulation", "warmup_ratio", "length_weighting", "max_length")
    config = settings.picked(*names) | {"base_data": file_digest(settings.base_data)}
    return Task(name="train", run=run, config=config | {"model": model_identity(settings.checkpoint)}, inputs=("mix",))


def training_row(row: Row, run_dir: Path) -> Row:
    """A row of `mix` as the trainer takes it, with images that can be opened from anywhere."""
    return {"id": row["id"], "messages": row["messages"], "images": [str(run_dir / image) for image in row["images"]]}


def mixed_rows(own: list[Row], settings: CvcSettings) -> list[Row]:
    """Own rows with base rows by ratio.

    Raises:
        CvcError: no trial was right, so that there is nothing to learn from.
    """
    from llava_train import mix

    if not own:
        raise CvcError(
            "No instance gave a training row: no trial was right, or all were too easy. See `cvc status RUN`."
        )
    base = read_base(settings)
    ratio = settings.base_ratio if base else 0.0
    return mix(own, base, ratio=ratio, seed=settings.seed)


def read_base(settings: CvcSettings) -> list[Row]:
    """The base rows with openable image paths; none without base data.

    Raises:
        SettingsError: `base_ratio` asks for all base rows and there is no base data.
    """
    from llava_train import read_llava_json

    if settings.base_data is None:
        if math.isinf(settings.base_ratio):
            raise SettingsError("--base-ratio inf takes all base rows; give them with --base-data FILE.json.")
        return []
    folder = settings.base_images or settings.base_data.parent
    rows = read_llava_json(settings.base_data)
    return [
        {"id": row["id"], "messages": row["messages"], "images": [str(folder / image) for image in row["images"]]}
        for row in rows
    ]


def train_on(rows: Iterable[Mapping[str, Any]], settings: CvcSettings, folder: Path, **changes: Any) -> Any:
    """Train on rows as the settings say; `changes` are settings of `llava_train.SftSettings` that differ."""
    from llava_train import SftSettings, train

    values: dict[str, Any] = {
        "model": settings.needed_checkpoint(),
        "method": settings.train_method,
        "lora_r": settings.lora_r,
        "lora_alpha": settings.lora_alpha,
        "learning_rate": settings.learning_rate,
        "epochs": settings.epochs,
        "max_steps": settings.max_steps,
        "batch_size": settings.batch_size,
        "gradient_accumulation": settings.gradient_accumulation,
        "warmup_ratio": settings.warmup_ratio,
        "length_weighting": settings.length_weighting,
        "max_length": settings.max_length,
        "gradient_checkpointing": settings.gradient_checkpointing,
        "device": "cpu" if settings.device == "cpu" else "auto",
        "seed": settings.seed,
    }
    return train(SftSettings(**(values | changes)), list(rows), folder)
