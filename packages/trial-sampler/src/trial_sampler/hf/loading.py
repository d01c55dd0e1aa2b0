"""Load a checkpoint, its processor and an adapter."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from trial_sampler.errors import MissingExtra, ModelError
from trial_sampler.hf.sampling import HfSampler


def load_hf_sampler(
    model: str, *, device: str | None = None, dtype: str | None = None, batch_size: int = 8, adapter: str | None = None
) -> HfSampler:
    """Open a checkpoint for sampling; the arguments are those of `load_sampler`.

    Raises:
        ModelError: the model, its processor or the adapter cannot be loaded.
        MissingExtra: an adapter is given and `peft` is not installed.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = dtype or ("float32" if device.startswith("cpu") else "auto")
    try:
        network: Any = AutoModelForImageTextToText.from_pretrained(model, dtype=dtype)
        processor: Any = AutoProcessor.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load {model!r}: {_first_line(error)}") from error
    if adapter is not None:
        network = _with_adapter(network, adapter)
    return HfSampler(network.to(device), processor, batch_size=batch_size)


def _with_adapter(network: Any, adapter: str) -> Any:
    try:
        from peft import PeftModel
    except ModuleNotFoundError as missing:
        raise MissingExtra("adapter needs peft: pip install 'trial-sampler[lora]'") from missing
    try:
        return PeftModel.from_pretrained(network, adapter).merge_and_unload()
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load adapter {adapter!r}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
