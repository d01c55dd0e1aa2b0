"""Detection models of transformers with their processors: loaded by name, or taken as they are."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from occlusion.checkpoints import import_transformers, read_checkpoint, read_model
from occlusion.errors import OcclusionError

if TYPE_CHECKING:
    import torch


def load_checkpoint(
    model_or_path: Any,
    processor: Any,
    *,
    model_types: Collection[str],
    device: str | torch.device | None,
    dtype: torch.dtype | None,
) -> tuple[Any, Any]:
    """Return a model in evaluation mode and its processor.

    Args:
        model_or_path: folder or hub id (loaded from safetensors), or a loaded model.
        processor: needed with a loaded model; otherwise from the same place when None.
        model_types: what the model may be, by `model_type` of its configuration.
        device: where to put the model; None leaves it where it is.
        dtype: of the weights; None is float32 for a checkpoint, and a loaded model's own.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        OcclusionError: `bad_checkpoint`, `missing_weights`, `no_processor`, `wrong_model`, `slow_tokenizer`.
    """
    model, processor = _loaded(model_or_path, processor, dtype)
    if model.config.model_type not in model_types:
        message = f"model must be one of {sorted(model_types)}; got {model.config.model_type!r}. See load_detector."
        raise OcclusionError("wrong_model", message)
    if not getattr(processor.tokenizer, "is_fast", False):
        raise OcclusionError("slow_tokenizer", "tokenizer must be a fast one: character offsets are needed.")
    return model.eval().to(device=device, dtype=dtype), processor


def _loaded(model_or_path: Any, processor: Any, dtype: torch.dtype | None) -> tuple[Any, Any]:
    transformers = import_transformers()
    if not isinstance(model_or_path, (str, Path)):
        if processor is None:
            raise OcclusionError("no_processor", "processor must be given with a loaded model; got None.")
        return model_or_path, processor
    model = read_model(transformers.AutoModelForZeroShotObjectDetection, model_or_path, dtype=dtype)
    if processor is None:
        processor = read_checkpoint(lambda: transformers.AutoProcessor.from_pretrained(model_or_path), model_or_path)
    return model, processor
