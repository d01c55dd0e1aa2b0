"""One training from pairs to a checkpoint that can be loaded anywhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llava_train import (
    RowEncoder,
    RunFolder,
    compute_dtype,
    hidden_bars,
    load_processor,
    merge_adapter,
    save_whole,
    stop_token_ids,
)

from svco_loss.errors import TrainingError
from svco_loss.pairs.mvc import ImagePair, RefusedPair
from svco_loss.references.store import ReferenceStore
from svco_loss.training.collating import NumberedPairs
from svco_loss.training.encoding import PairEncoder
from svco_loss.training.preparing import PreparedPairs, prepare_pairs
from svco_loss.training.references import (
    compute_references,
    fill_store,
    load_for_pairs,
    load_reference_model,
    reference_source,
)
from svco_loss.training.settings import SvcoSettings

if TYPE_CHECKING:
    from svco_loss.training.pair_trainer import PairTrainer

_log = logging.getLogger(__name__)
REFERENCES = "reference.parquet"


@dataclass(frozen=True)
class SvcoResult:
    """What one training left behind."""

    model_folder: Path
    """A full checkpoint (safetensors) with its processor; adapters are merged into it."""
    adapter_folder: Path | None
    """The LoRA adapter alone; None for full fine-tuning."""
    steps: int
    """Optimiser steps made, over all restarts."""
    history: tuple[dict[str, float], ...]
    """What was logged: training steps with `loss` and the loss's metrics, evaluations with `eval_loss` and the same."""
    refused: tuple[RefusedPair, ...]
    """Pairs left out, each with a reason."""
    cut_answers: int
    """Texts that lost their end (`long_answers` `cut`)."""


def load_pair_encoder(settings: SvcoSettings) -> PairEncoder:
    """The encoder that `train` uses for these settings.

    Raises:
        llava_train.UnsupportedModelError: the model has no processor, chat template or end token.
    """
    processor = load_processor(settings.model)
    stop_ids = stop_token_ids(settings.model, processor.tokenizer)
    rows = RowEncoder(processor, stop_ids=stop_ids, image_root=settings.image_root, cache_mb=settings.cache_mb)
    return PairEncoder(
        rows, max_answer_tokens=settings.max_answer_tokens, cuts_long_answers=settings.long_answers == "cut"
    )


def train(
    settings: SvcoSettings,
    pairs: Sequence[ImagePair],
    folder: str | os.PathLike[str],
    *,
    validation: Sequence[ImagePair] = (),
    references: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> SvcoResult:
    """Train a VLM to prefer each text with its own image to none, and none to the other image.

    Killed at any moment, the same call continues from the last checkpoint in `folder`; once finished it returns the
    result at once. Under `accelerate launch` all processes call it alike. Pairs that cannot be used are left out with
    a verdict, in the result and in `refused.json`, before anything is trained.

    Args:
        settings: all choices of the training.
        pairs: to learn from; images relative to `settings.image_root`.
        folder: receives `model/`, `adapter/`, `history.json`, `refused.json`, `run.json` and `result.json`.
        validation: pairs to evaluate on every `eval_every` steps.
        references: Parquet file of stored reference log-probabilities; missing and stale ones are computed before
            training and added. By default `reference.parquet` in `folder`.
        progress: draw bars when standard error is a terminal.

    Raises:
        TrainingError: no pair is left, or references are missing where they cannot be computed.
        StoredReferenceError: the file of references cannot be read.
        llava_train.FolderError: the folder holds a training with other settings, pairs or weights, or of other
            processes.
        llava_train.DivergedError: the loss became infinite or not a number.
    """
    from accelerate import PartialState

    run = RunFolder(Path(folder))
    processes = PartialState(cpu=settings.device == "cpu")
    if processes.is_main_process:
        rows = [{"side": side, **asdict(pair)} for side, part in (("t", pairs), ("v", validation)) for pair in part]
        run.claim(settings, rows, package="svco-loss")
    processes.wait_for_everyone()
    finished = run.read("result.json")
    if finished is None:
        path = Path(folder) / REFERENCES if references is None else Path(references)
        finished = _train(settings, pairs, validation, run, path, progress)
    return _read_result(run, finished)


def store_references(
    settings: SvcoSettings, pairs: Sequence[ImagePair], path: str | os.PathLike[str], *, progress: bool = True
) -> ReferenceStore:
    """Compute the reference log-probabilities that a file lacks, on one device, and return the store; no training.

    Pairs that cannot be trained on are left out, as `train` leaves them out.

    Raises:
        TrainingError: no pair is left.
        StoredReferenceError: the file is no store of references.
    """
    encoder = load_pair_encoder(settings)
    root = None if settings.image_root is None else Path(settings.image_root)
    prepared = prepare_pairs(pairs, encoder, image_root=root)
    if not prepared.pairs:
        raise TrainingError(f"none of {len(pairs)} pairs can be trained on: {prepared.reasons}.")
    store = ReferenceStore(reference_source(settings, encoder), path)
    if store.missing(prepared.keys):
        model = load_reference_model(settings)
        compute_references(model, prepared.pairs, prepared.keys, encoder, store, settings, progress=progress)
    return store


def _train(
    settings: SvcoSettings,
    pairs: Sequence[ImagePair],
    validation: Sequence[ImagePair],
    run: RunFolder,
    references: Path,
    progress: bool,
) -> dict[str, Any]:
    from svco_loss.training.pair_trainer import make_arguments, make_pair_trainer

    encoder = load_pair_encoder(settings)
    root = None if settings.image_root is None else Path(settings.image_root)
    prepared, checked = (prepare_pairs(part, encoder, image_root=root) for part in (pairs, validation))
    dtype = compute_dtype(settings)
    # arguments come before the model: under ZeRO-3 they decide how its weights are loaded
    arguments = make_arguments(settings, dtype, run.checkpoints, has_validation=bool(checked.pairs))
    _record_refusals(run, prepared, checked, len(pairs), writes=arguments.should_save)
    store = ReferenceStore(reference_source(settings, encoder), references) if settings.reference == "stored" else None
    batches = [
        NumberedPairs(part.pairs, part.keys, encoder, store, settings.padding_side) for part in (prepared, checked)
    ]
    with hidden_bars():
        model = load_for_pairs(settings, settings.model, "float32" if settings.method == "full" else dtype)
        other = _second_model(settings, dtype)
        trainer = make_pair_trainer(model, settings, arguments, batches, other, progress=progress)
        if store is not None:
            _fill(store, references, [prepared, checked], encoder, trainer, settings, progress)
        trainer.train_from(run)
    return _finish(trainer, encoder.rows.processor, settings, dtype, run, prepared.cut_answers)


def _second_model(settings: SvcoSettings, dtype: str) -> Any | None:
    if settings.reference != "model":
        return None
    return load_for_pairs(settings, settings.reference_model or settings.model, dtype).requires_grad_(False)


def _record_refusals(
    run: RunFolder, prepared: PreparedPairs, checked: PreparedPairs, count: int, *, writes: bool
) -> None:
    refused = [*prepared.refused, *checked.refused]
    if writes:
        run.write("refused.json", [asdict(one) for one in refused])
    if prepared.refused:
        reasons = ", ".join(f"{reason} {number}" for reason, number in sorted(prepared.reasons.items()))
        _log.warning("%d of %d pairs are not trained on: %s", len(prepared.refused), count, reasons)
    if prepared.cut_answers:
        _log.warning("%d of %d texts lose their end", prepared.cut_answers, 2 * len(prepared.pairs))
    if not prepared.pairs:
        raise TrainingError(f"none of {count} pairs can be trained on; see {run.folder / 'refused.json'}.")


def _fill(
    store: ReferenceStore,
    path: Path,
    parts: Sequence[PreparedPairs],
    encoder: PairEncoder,
    trainer: PairTrainer,
    settings: SvcoSettings,
    progress: bool,
) -> None:
    """Compute the references that the store lacks, each process its share."""
    from transformers.integrations.deepspeed import is_deepspeed_zero3_enabled

    pairs = [pair for part in parts for pair in part.pairs]
    keys = [key for part in parts for key in part.keys]
    missing = len(store.missing(keys))
    if stale := store.stale(keys):
        _log.warning("%d references in %s are stale (another model, template or number type): not used", stale, path)
    if missing and is_deepspeed_zero3_enabled():
        raise TrainingError(
            f"{missing} of {len(keys)} references are missing in {path}, and weights that ZeRO-3 has split cannot "
            "compute them. Run `python -m svco_loss.training references JOB` first; `launch_training` does so."
        )
    if missing:
        fill_store(store, path, pairs, keys, encoder, trainer, settings, progress=progress)


def _finish(
    trainer: PairTrainer, processor: Any, settings: SvcoSettings, dtype: str, run: RunFolder, cut: int
) -> dict[str, Any]:
    """Save weights, then history and result, which says that all is there."""
    from transformers.integrations.deepspeed import unset_hf_deepspeed_config

    weights = trainer.whole_weights()  # on every process, as ZeRO-3 gathers them
    result = {"steps": trainer.state.global_step, "dtype": dtype, "cut_answers": cut}
    if trainer.args.should_save:
        model = trainer.accelerator.unwrap_model(trainer.model)
        if settings.method == "lora":
            save_whole(model, None, run.adapter, state_dict=weights)
            unset_hf_deepspeed_config()  # with which the base would be split over processes again
            merge_adapter(settings.model, run.adapter, run.model, dtype=dtype)
        else:
            save_whole(model, processor, run.model, state_dict=_cast(weights, dtype))
        run.write("history.json", trainer.state.log_history)
        run.write("result.json", result)
        run.drop_checkpoints()
    trainer.accelerator.wait_for_everyone()
    return result


def _cast(weights: dict[str, Any], dtype: str) -> dict[str, Any]:
    import torch

    return {name: weight.to(getattr(torch, dtype)) for name, weight in weights.items()}


def _read_result(run: RunFolder, finished: dict[str, Any]) -> SvcoResult:
    return SvcoResult(
        model_folder=run.model,
        adapter_folder=run.adapter if run.adapter.is_dir() else None,
        steps=finished["steps"],
        history=tuple(run.read("history.json") or ()),
        refused=tuple(RefusedPair(**one) for one in run.read("refused.json") or ()),
        cut_answers=finished["cut_answers"],
    )
