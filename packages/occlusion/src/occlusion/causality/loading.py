"""A language model and its tokenizer: given, or loaded from a checkpoint."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, cast

from occlusion.checkpoints import import_transformers, read_checkpoint, read_model
from occlusion.errors import OcclusionError


def loaded(auto_class: str, model_or_path: Any, tokenizer: Any, *, dtype: Any, device: Any) -> tuple[Any, Any]:
    """Return a model in evaluation mode, and its tokenizer.

    Args:
        auto_class: class of transformers that loads the model, such as `AutoModelForMaskedLM`.
        model_or_path: a loaded model, or the folder or hub id of a checkpoint with safetensors.
        tokenizer: loaded from the same place when None.
        dtype: of the weights of a model that is loaded here.
        device: where to; the model's own place when None.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        OcclusionError: `bad_checkpoint`, `missing_weights` (a model without its language head would guess at random),
            `no_tokenizer`.
    """
    transformers = import_transformers()
    if isinstance(model_or_path, (str, Path)):
        model = read_model(getattr(transformers, auto_class), model_or_path, dtype=dtype, kind="language")
        load_tokenizer = partial(transformers.AutoTokenizer.from_pretrained, model_or_path)
        tokenizer = tokenizer or read_checkpoint(load_tokenizer, model_or_path, "language")
    elif tokenizer is None:
        raise OcclusionError("no_tokenizer", "tokenizer must be given with a loaded model; got None.")
    else:
        model = model_or_path
    model = model.eval()
    return (model if device is None else model.to(device)), tokenizer


def max_tokens(model: Any, tokenizer: Any) -> int:
    """Longest sequence that a model has positions for; RoBERTa loses those up to its padding index."""
    limits = [tokenizer.model_max_length]
    in_config = getattr(getattr(model, "config", None), "max_position_embeddings", None)
    if isinstance(in_config, int) and in_config > 0:
        limits.append(in_config)
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and hasattr(module, "num_embeddings"):
            lost = 0 if module.padding_idx is None else cast("int", module.padding_idx) + 1
            limits.append(module.num_embeddings - lost)
    return int(min(limits))
