"""Checkpoints of transformers: every weight read by name, and what cannot be read said in one line."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from occlusion.adaptive_batches import is_out_of_memory
from occlusion.errors import MissingExtraError, OcclusionError

if TYPE_CHECKING:
    import torch


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


def model_type_of(path: str | Path, kind: str = "detection", hint: str = "") -> str:
    """Return the `model_type` of a checkpoint's configuration; `kind` and `hint` are for the message of an error.

    Raises:
        MissingExtraError: transformers is not installed.
        OcclusionError: `bad_checkpoint`.
    """
    from_pretrained = import_transformers().AutoConfig.from_pretrained
    return str(read_checkpoint(lambda: from_pretrained(path), path, kind, hint).model_type)


def read_model(
    model_class: Any, path: str | Path, *, dtype: torch.dtype | None, kind: str = "detection", hint: str = ""
) -> Any:
    """Return the model of a checkpoint, read from safetensors.

    Args:
        model_class: of transformers; one that chooses by the configuration will do.
        path: folder or hub id.
        dtype: of the weights; float32 when None.
        kind: of model, for the message of an error.
        hint: what else to say in it.

    Raises:
        OcclusionError: `bad_checkpoint`: it cannot be read. `missing_weights`: transformers would fill the missing ones
            at random, and only log it.
    """
    import torch

    # float32 by name: a half-precision checkpoint would otherwise run in half precision on a CPU too.
    options: dict[str, Any] = {"dtype": dtype or torch.float32, "use_safetensors": True, "output_loading_info": True}
    model, loading = read_checkpoint(lambda: model_class.from_pretrained(path, **options), path, kind, hint)
    missing = sorted(loading["missing_keys"])
    if missing:
        message = f"{path} must have all weights of {type(model).__name__}; {len(missing)} are missing: {missing[0]}..."
        raise OcclusionError("missing_weights", message)
    return model


def read_checkpoint(load: Callable[[], Any], path: str | Path, kind: str = "detection", hint: str = "") -> Any:
    """Return what `load` reads from a checkpoint.

    Args:
        load: reads it.
        path: folder or hub id, for the message.
        kind: of model, for the message.
        hint: what else to say, such as that the weights are gated.

    Raises:
        OcclusionError: `bad_checkpoint`: it cannot be read: no such place, a file that is cut off, weights of other
            shapes.
    """
    try:
        return load()
    except _unreadable() as error:
        if is_out_of_memory(error):
            raise
        text = f"{type(error).__name__} {error}" if isinstance(error, KeyError) else str(error)
        first_line = text.strip().split("\n", 1)[0]
        message = f"{path} must be a folder or hub id of a {kind} model of transformers: {first_line}"
        raise OcclusionError("bad_checkpoint", message + hint) from error


def _unreadable() -> tuple[type[Exception], ...]:
    from safetensors import SafetensorError

    return OSError, ValueError, KeyError, RuntimeError, SafetensorError
