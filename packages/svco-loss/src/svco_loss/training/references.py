"""Reference log-probabilities of many pairs, computed once and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llava_train import compute_dtype, load_model

from svco_loss.pairs.mvc import ImagePair
from svco_loss.references.fingerprints import PairKey, ReferenceSource, template_fingerprint, weights_fingerprint
from svco_loss.references.store import ReferenceStore
from svco_loss.training.collating import collate_pairs
from svco_loss.training.encoding import PairEncoder
from svco_loss.training.settings import SvcoSettings

if TYPE_CHECKING:
    from svco_loss.training.pair_trainer import PairTrainer

_SAVED_EVERY = 64


def reference_source(settings: SvcoSettings, encoder: PairEncoder) -> ReferenceSource:
    """What the reference of a training is: the weights that it begins with, its template, its number type.

    Raises:
        StoredReferenceError: the weights cannot be told apart.
    """
    template = template_fingerprint(encoder.rows.processor, max_answer_tokens=settings.max_answer_tokens)
    return ReferenceSource(weights_fingerprint(settings.model), template, compute_dtype(settings))


def load_reference_model(settings: SvcoSettings) -> Any:
    """The model that a training begins with, frozen, on the device that the settings choose.

    Raises:
        llava_train.UnsupportedModelError: nothing there can be read as a vision-language model.
    """
    import torch

    model = load_for_pairs(settings, settings.model, compute_dtype(settings))
    on_gpu = settings.device == "auto" and torch.cuda.is_available()
    return model.requires_grad_(False).eval().to("cuda" if on_gpu else "cpu")


def load_for_pairs(settings: SvcoSettings, checkpoint: str, dtype: str) -> Any:
    """A model whose language model has the attention that the settings ask for.

    Raises:
        llava_train.UnsupportedModelError: nothing there can be read as a vision-language model.
    """
    model = load_model(checkpoint, dtype)
    model.set_attn_implementation({"text_config": settings.attention})
    return model


def compute_references(
    model: Any,
    pairs: Sequence[ImagePair],
    keys: Sequence[PairKey],
    encoder: PairEncoder,
    store: ReferenceStore,
    settings: SvcoSettings,
    *,
    precision: Callable[[], AbstractContextManager[Any]] = nullcontext,
    progress: bool = True,
) -> int:
    """Fill a store with the log-probabilities of pairs that it lacks; returns their number.

    The store's file, if it has one, is written every 64 batches and at the end: killed, the same call goes on.

    Args:
        model: frozen, with its adapter off, in evaluation mode.
        pairs: prepared ones.
        keys: of the pairs.
        encoder: of the pairs.
        store: receives the values.
        settings: of the training.
        precision: context of the forward passes, such as autocast.
        progress: draw a bar when standard error is a terminal.
    """
    import torch
    from tqdm import tqdm

    from svco_loss.shared_prefix import pair_logps

    wanted = set(store.missing(keys))
    todo = [(pair, key) for pair, key in zip(pairs, keys, strict=True) if key in wanted]
    device = next(model.parameters()).device
    bar = tqdm(total=len(todo), desc="reference", unit="pair", disable=None if progress else True)
    with bar, torch.no_grad():
        for number, start in enumerate(range(0, len(todo), settings.batch_size), 1):
            some = todo[start : start + settings.batch_size]
            batch = collate_pairs([encoder.encode(pair) for pair, _ in some], padding_side=settings.padding_side)
            with precision():
                found = pair_logps(model, batch.to(device), **settings.logps_options)
            store.put([key for _, key in some], found.stacked().T.double().tolist())
            bar.update(len(some))
            if store.path is not None and (number % _SAVED_EVERY == 0 or start + len(some) == len(todo)):
                store.save()
    return len(todo)


def fill_store(
    store: ReferenceStore,
    path: Path,
    pairs: Sequence[ImagePair],
    keys: Sequence[PairKey],
    encoder: PairEncoder,
    trainer: PairTrainer,
    settings: SvcoSettings,
    *,
    progress: bool,
) -> None:
    """Compute what a store lacks with a trainer's model before it is trained; each process does its share.

    Several processes write parts beside the file, which are merged into it and removed.
    """
    rank, count = trainer.args.process_index, trainer.args.world_size
    parts = [path.with_name(f"{path.name}.{k}-of-{count}") for k in range(count)]
    own = store if count == 1 else ReferenceStore(store.source, parts[rank])
    own.take(store)
    precision = trainer.compute_loss_context_manager
    with trainer.frozen_model() as model:
        some, named = pairs[rank::count], keys[rank::count]
        compute_references(
            model, some, named, encoder, own, settings, precision=precision, progress=progress and rank == 0
        )
    if count > 1:
        _merge(store, parts, trainer)


def _merge(store: ReferenceStore, parts: Sequence[Path], trainer: PairTrainer) -> None:
    trainer.accelerator.wait_for_everyone()
    for part in parts:
        store.take(ReferenceStore(store.source, part))
    trainer.accelerator.wait_for_everyone()
    if trainer.args.should_save:
        store.save()
        for part in parts:
            part.unlink(missing_ok=True)
