"""Learning from the dialogues: steps `train` and one for each control."""

from pathlib import Path
from typing import Any

from shard_runner import Row, Task, TaskContext

from chain_of_spot.arms import Control
from chain_of_spot.dialogues import dialogue_step, training_rows
from chain_of_spot.errors import ChainOfSpotError
from chain_of_spot.settings import CosSettings

SETTINGS = (
    "train_method", "lora_r", "lora_alpha", "learning_rate", "epochs", "max_steps", "batch_size",
    "gradient_accumulation", "warmup_ratio", "length_weighting", "max_length", "gradient_checkpointing", "dtype",
    "device", "seed",
)  # fmt: skip
"""Settings that the trained weights depend on."""


def train_task(settings: CosSettings, control: Control | None = None) -> Task:
    """Train on dialogues and text rows; killed, it goes on from its last checkpoint."""
    from llava_train import model_digest

    def run(ctx: TaskContext) -> None:
        from llava_train import train

        rows = training_rows(ctx.read_rows(dialogue_step(control)))
        if not rows:
            raise ChainOfSpotError("no dialogue is left to train on; `chain-of-spot status RUN` counts the reasons.")
        train(sft_settings(settings), [*rows, *map(_text_row, ctx.read_rows("texts"))], ctx.folder)

    config = settings.picked(*SETTINGS) | {"model": model_digest(settings.needed("model", "the model that learns"))}
    return Task(name=train_step(control), run=run, config=config, inputs=(dialogue_step(control), "texts"))


def train_step(control: Control | None) -> str:
    """Name of the step that trains the method (None) or a control."""
    return "train" if control is None else f"train-{control}"


def trained_folder(run_dir: Path, control: Control | None) -> Path:
    """The checkpoint that the step leaves behind."""
    return run_dir / train_step(control) / "model"


def sft_settings(settings: CosSettings) -> Any:
    """The training of a run as `llava-train` takes it."""
    from llava_train import SftSettings

    names = [name for name in SETTINGS if name != "train_method"]
    values = {name: getattr(settings, name) for name in (*names, "save_every", "report_to")}
    return SftSettings(model=settings.needed("model", "the model that learns"), method=settings.train_method, **values)


def _text_row(row: Row) -> Row:
    from llava_train import llava_to_messages

    return llava_to_messages(row)
