"""Training rows in, a better model out: the tasks `export` and `train`."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shard_runner import Row, Task, TaskContext, file_digest
from shard_runner.cli import write_json

from cvc.engines import model_identity
from cvc.errors import CvcError, InputError, SettingsError
from cvc.settings import CvcSettings
from cvc.trials import preference_pairs

LLAVA_JSON = "llava.json"
PREFERENCE_JSON = "preference.json"

SFT_SETTINGS = (
    "lora_r", "lora_alpha", "learning_rate", "epochs", "max_steps", "batch_size", "gradient_accumulation",
    "warmup_ratio", "length_weighting", "max_length", "gradient_checkpointing", "dtype", "device", "seed",
)  # fmt: skip
"""Settings that `llava-train` has under the same name, and that the trained weights depend on."""

TRAINED = Path("train") / "model"
"""The trained checkpoint inside the run folder."""


def export_task() -> Task:
    """Write the training set as LLaVA JSON, and right rationales against wrong ones; images relative to the run."""

    def run(ctx: TaskContext) -> None:
        from llava_train import write_llava_json

        rows = list(ctx.read_rows("mix"))
        write_llava_json(
            [{key: row[key] for key in ("id", "images", "messages")} for row in rows], ctx.folder / LLAVA_JSON
        )
        pairs = preference_pairs(rows, list(ctx.read_rows("judge")))
        write_json(ctx.folder / PREFERENCE_JSON, pairs, indent=1)

    return Task(name="export", run=run, version="2", inputs=("mix", "judge"))


def train_task(settings: CvcSettings, run_dir: Path) -> Task:
    """Fine-tune the model on its own rows and base rows; killed, it goes on from its last checkpoint."""

    def run(ctx: TaskContext) -> None:
        own = [training_row(row, run_dir) for row in ctx.read_rows("mix")]
        train_on(mixed_rows(own, settings), settings, ctx.folder)

    config = settings.picked("train_method", *SFT_SETTINGS, "base_ratio")
    config |= {"base_data": file_digest(settings.base_data, error=InputError), "base_images": _base_images(settings)}
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
    from llava_train import read_rooted_rows

    if settings.base_data is None:
        if math.isinf(settings.base_ratio):
            raise SettingsError("--base-ratio inf takes all base rows; give them with --base-data FILE.json.")
        return []
    return read_rooted_rows(settings.base_data, settings.base_images)


def _base_images(settings: CvcSettings) -> str:
    """Folder of the base rows' images; empty without base data."""
    from llava_train import images_folder

    return "" if settings.base_data is None else str(images_folder(settings.base_data, settings.base_images))


def train_on(rows: Iterable[Mapping[str, Any]], settings: CvcSettings, folder: Path, **changes: Any) -> Any:
    """Train on rows as the settings say; `changes` are settings of `llava_train.SftSettings` that differ."""
    from llava_train import SftSettings, train

    values: dict[str, Any] = {name: getattr(settings, name) for name in (*SFT_SETTINGS, "save_every", "report_to")}
    values |= {"model": settings.needed_checkpoint(), "method": settings.train_method}
    return train(SftSettings(**(values | changes)), list(rows), folder)
