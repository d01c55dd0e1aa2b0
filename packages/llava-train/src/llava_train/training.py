"""One training from rows to a checkpoint that can be loaded anywhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llava_train.accelerating import is_first_process
from llava_train.checking import CheckedRows, Refusal, check_rows
from llava_train.encoding import RowEncoder, stop_token_ids
from llava_train.errors import RowError
from llava_train.loading import Loading
from llava_train.model_files import compute_dtype, hidden_bars, load_model, load_processor
from llava_train.run_folder import RunFolder
from llava_train.settings import SftSettings
from llava_train.sft_trainer import make_arguments, make_trainer
from llava_train.token_kinds import check_token_kinds
from llava_train.trained_weights import save_weights

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
    merge_difference: float | None
    """Largest difference between a logit of the merged model and of base and adapter, on a probe; None without LoRA."""
    refused: tuple[Refusal, ...]
    """Rows left out, each with a reason."""
    loading: Loading
    """What making batches cost, since the training was last started."""


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
    verdict, in the result and in `refused.json`. Under `accelerate launch` all processes call it alike; see `launch`.

    Args:
        settings: all choices of the training.
        rows: dialogues; images by path or as PIL images.
        folder: receives `model/`, `adapter/`, `history.json`, `refused.json`, `run.json` and `result.json`.
        progress: draw a bar when standard error is a terminal.

    Raises:
        FolderError: the folder holds a training with other settings, rows or weights, or of other processes.
        RowError: no row is left to train on.
        DivergedError: the loss became infinite or not a number.
        MergeError: the merged model does not answer as base and adapter do.
        UnsupportedModelError: the model cannot be trained by this package.
        MissingExtraError: the extra `hf` is not installed.
    """
    run = RunFolder(Path(folder))
    if is_first_process():
        run.claim(settings, rows, package="llava-train")
    finished = run.read("result.json")
    if finished is None:
        finished = _train(settings, rows, run, progress)
    return read_result(run, finished)


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
        needs_images=not settings.train_language,
        cache_mb=settings.cache_mb // max(1, settings.workers),
    )


def _train(settings: SftSettings, rows: Sequence[Mapping[str, Any]], run: RunFolder, progress: bool) -> dict[str, Any]:
    encoder = load_encoder(settings)
    checked = check_rows(rows, encoder)
    dtype = compute_dtype(settings)
    # before the model: under ZeRO-3 they decide how its weights are loaded
    arguments = make_arguments(settings, dtype, run.checkpoints)
    _record_refusals(run, checked, len(rows), writes=arguments.should_save)
    with hidden_bars():
        model = load_model(settings.model, "float32" if settings.method == "full" else dtype)
        check_token_kinds(model)
        trainer = make_trainer(model, encoder, checked, settings, arguments, progress=progress)
        trainer.train_from(run)
    return _finish(trainer, encoder.processor, settings, dtype, run)


def _finish(trainer: Any, processor: Any, settings: SftSettings, dtype: str, run: RunFolder) -> dict[str, Any]:
    """Save weights, then history and result, which says that all is there."""
    history = [entry for entry in trainer.state.log_history if "loss" in entry]
    result = {"steps": trainer.state.global_step, "losses": [entry["loss"] for entry in history], "dtype": dtype}
    result["loading"] = asdict(trainer.clock.read())
    result["merge_difference"] = save_weights(trainer, processor, settings, dtype, run)
    if trainer.args.should_save:
        run.write("history.json", history)
        run.write("result.json", result)
        run.drop_checkpoints()
    trainer.accelerator.wait_for_everyone()
    return result


def _record_refusals(run: RunFolder, checked: CheckedRows, count: int, *, writes: bool) -> None:
    if writes:
        run.write("refused.json", [asdict(refusal) for refusal in checked.refused])
    if checked.refused:
        reasons = ", ".join(f"{reason} {number}" for reason, number in sorted(checked.reasons.items()))
        _log.warning("%d of %d rows are not trained on: %s", len(checked.refused), count, reasons)
    if not checked.kept:
        raise RowError("no_rows", f"none of {count} rows can be trained on; see {run.folder / 'refused.json'}.")


def read_result(run: RunFolder, finished: dict[str, Any]) -> TrainResult:
    """What a finished training left behind, from `result.json`."""
    return TrainResult(
        model_folder=run.model,
        adapter_folder=run.adapter if run.adapter.is_dir() else None,
        steps=finished["steps"],
        losses=tuple(finished["losses"]),
        merge_difference=finished["merge_difference"],
        refused=tuple(Refusal(**refusal) for refusal in run.read("refused.json") or ()),
        loading=Loading(**finished["loading"]),
    )
