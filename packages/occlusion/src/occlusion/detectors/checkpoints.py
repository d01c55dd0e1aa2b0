"""Detection models of transformers with their processors: loaded by name, or taken as they are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from occlusion.errors import MissingExtraError, OcclusionError

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
        OcclusionError: `bad_checkpoint`, `no_processor`, `wrong_model`, `slow_tokenizer`.
    """
    model, processor = _loaded(model_or_path, processor, dtype)
    if model.config.model_type not in model_types:
        message = f"model must be one of {sorted(model_types)}; got {model.config.model_type!r}. See load_detector."
        raise OcclusionError("wrong_model", message)
    if not getattr(processor.tokenizer, "is_fast", False):
        raise OcclusionError("slow_tokenizer", "tokenizer must be a fast one: character offsets are needed.")
    return model.eval().to(device=device, dtype=dtype), processor


def model_type_of(path: str | Path, kind: str = "detection", hint: str = "") -> str:
    """Return the `model_type` of a checkpoint's configuration; `kind` and `hint` are for the message of an error.

    Raises:
        MissingExtraError: transformers is not installed.
        OcclusionError: `bad_checkpoint`.
    """
    from_pretrained = import_transformers().AutoConfig.from_pretrained
    return str(read_checkpoint(lambda: from_pretrained(path), path, kind, hint).model_type)


def _loaded(model_or_path: Any, processor: Any, dtype: torch.dtype | None) -> tuple[Any, Any]:
    transformers = import_transformers()
    if not isinstance(model_or_path, (str, Path)):
        if processor is None:
            raise OcclusionError("no_processor", "processor must be given with a loaded model; got None.")
        return model_or_path, processor
    import torch

    # float32 by name: a half-precision checkpoint would otherwise run in half precision on a CPU too.
    load_model = transformers.AutoModelForZeroShotObjectDetection.from_pretrained
    options: dict[str, Any] = {"dtype": dtype or torch.float32, "use_safetensors": True}
    model = read_checkpoint(lambda: load_model(model_or_path, **options), model_or_path)
    if processor is None:
        processor = read_checkpoint(lambda: transformers.AutoProcessor.from_pretrained(model_or_path), model_or_path)
    return model, processor


def import_transformers() -> Any:
    """Return the module.

    Raises:
        MissingExtraError: torch or transformers is not installed.
    """
    if find_spec("torch") is None:  # transformers imports without it, and fails later in many lines.
        raise MissingExtraError("torch", "hf")
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("transformers", "hf") from error
    return transformers


def read_checkpoint(load: Callable[[], Any], path: str | Path, kind: str = "detection", hint: str = "") -> Any:
    """Return what `load` reads from a checkpoint.

    Args:
        load: reads it.
        path: folder or hub id, for the message.
        kind: of model, for the message.
        hint: what else to say, such as that the weights are gated.

    Raises:
        OcclusionError: `bad_checkpoint`: it cannot be read.
    """
    try:
        return load()
    except (OSError, ValueError) as error:
        first_line = str(error).strip().split("\n", 1)[0]
        message = f"{path} must be a folder or hub id of a {kind} model of transformers: {first_line}"
        raise OcclusionError("bad_checkpoint", message + hint) from error
