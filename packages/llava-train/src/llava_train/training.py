"""One training from rows to a checkpoint that can be loaded anywhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llava_train.checking import CheckedRows, Refusal, check_rows
from llava_train.encoding import RowEncoder, stop_token_ids
from llava_train.errors import RowError
from llava_train.model_files import compute_dtype, hidden_bars, load_model, load_processor, save_whole
from llava_train.run_folder import RunFolder
from llava_train.settings import SftSettings
from llava_train.sft_trainer import make_trainer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainResult:
    """What one training left behind."""

    model_folder: Path
    """A full checkpoint (safetensors) with its processor; adapters are merged into it."""
    adapter_folder: Path | None
    """The LoRA adapter alone; None for full fine-tuning."""
    steps: int
    """Optimiser steps made, over all restarts."""
    losses: tuple[float, ...]
    """Training loss of each step, nats per (weighted) answer token."""
    refused: tuple[Refusal, ...]
    """Rows left out, each with a reason."""


def train(
    settings: SftSettings,
    rows: Sequence[Mapping[str, Any]],
    folder: str | os.PathLike[str],
    *,
    progress: bool = True,
) -> TrainResult:
    """Fine-tune a chat VLM on the answers of rows with `id`, `messages` and `images`.

    Killed at any moment, the same call continues from the last checkpoint in `folder`; once finished it returns the
    result at once. On a CPU the weights are then those of an unbroken run. Rows that cannot be used are left out with a
    verdict, in the result and in `refused.json`.

    Args:
        settings: all choices of the training.
        rows: dialogues; images by path or as PIL images.
        folder: receives `model/`, `adapter/`, `history.json`, `refused.json`, `run.json` and `result.json`.
        progress: draw a bar when standard error is a terminal.

    Raises:
        FolderError: the folder holds a training with other settings, rows or weights.
        RowError: no row is left to train on.
        DivergedError: the loss became infinite or not a number.
        UnsupportedModelError: the model cannot be trained by this package.
        MissingExtraError: the extra `hf` is not installed.
    """
    run = RunFolder(Path(folder))
    run.claim(settings, rows, package="llava-train")
    finished = run.read("result.json")
    if finished is None:
        finished = _train(settings, rows, run, progress)
    return _read_result(run, finished)


def load_encoder(settings: SftSettings) -> RowEncoder:
    """The encoder that `train` would use for these settings; `check_rows` takes it.

    Raises:
        UnsupportedModelError: the model has no processor, chat template or end token.
        MissingExtraError: the extra `hf` is not installed.
    """
    processor = load_processor(settings.model)
    return RowEncoder(
        processor,
        stop_ids=stop_token_ids(settings.model, processor.tokenizer),
        length_weighting=settings.length_weighting,
        max_length=settings.max_length,
        image_root=settings.image_root,
        cache_mb=settings.cache_mb,
    )


def _train(settings: SftSettings, rows: Sequence[Mapping[str, Any]], run: RunFolder, progress: bool) -> dict[str, Any]:
    encoder = load_encoder(settings)
    checked = check_rows(rows, encoder)
    _record_refusals(run, checked, len(rows))
    dtype = compute_dtype(settings)
    with hidden_bars():
        model = load_model(settings.model, "float32" if settings.method == "full" else dtype)
        trainer = make_trainer(
            model, encoder, checked.kept, settings, dtype=dtype, checkpoints=run.checkpoints, progress=progress
        )
        checkpoint = run.last_checkpoint()
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    history = [entry for entry in trainer.state.log_history if "loss" in entry]
    run.write("history.json", history)
    _save_weights(trainer.model, encoder.processor, settings, dtype, run)
    result = {"steps": trainer.state.global_step, "losses": [entry["loss"] for entry in history], "dtype": dtype}
    run.write("result.json", result)
    run.drop_checkpoints()
    return result


def _record_refusals(run: RunFolder, checked: CheckedRows, count: int) -> None:
    run.write("refused.json", [asdict(refusal) for refusal in checked.refused])
    if checked.refused:
        reasons = ", ".join(f"{reason} {number}" for reason, number in sorted(checked.reasons.items()))
        _log.warning("%d of %d rows are not trained on: %s", len(checked.refused), count, reasons)
    if not checked.kept:
        raise RowError("no_rows", f"none of {count} rows can be trained on; see {run.folder / 'refused.json'}.")


def _save_weights(model: Any, processor: Any, settings: SftSettings, dtype: str, run: RunFolder) -> None:
    if settings.method == "lora":
        save_whole(model, None, run.adapter)
        model = model.merge_and_unload(safe_merge=True)
    elif dtype == "bfloat16":
        model = model.bfloat16()
    save_whole(model, processor, run.model)


def _read_result(run: RunFolder, finished: dict[str, Any]) -> TrainResult:
    return TrainResult(
        model_folder=run.model,
        adapter_folder=run.adapter if run.adapter.is_dir() else None,
        steps=finished["steps"],
        losses=tuple(finished["losses"]),
        refused=tuple(Refusal(**refusal) for refusal in run.read("refused.json") or ()),
    )
