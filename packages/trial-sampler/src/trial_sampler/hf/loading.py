"""Load a checkpoint, its processor and adapters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from trial_sampler.errors import MissingExtra, ModelError, SamplerError
from trial_sampler.hf.sampling import HfSampler


def load_hf_sampler(
    model: str,
    *,
    device: str | None = None,
    dtype: str | None = None,
    batch_size: int = 8,
    adapter: str | None = None,
    adapters: Mapping[str, str] | None = None,
) -> HfSampler:
    """Open a checkpoint for sampling; the arguments are those of `load_sampler`.

    Raises:
        ModelError: the model, its processor or an adapter cannot be loaded.
        MissingExtra: an adapter is given and `peft` is not installed.
        SamplerError: `adapter` and `adapters` are both given.
    """
    if adapter is not None and adapters:
        raise SamplerError("adapter is merged, adapters are used side by side: give one or the other")
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = dtype or ("float32" if device.startswith("cpu") else "auto")
    try:
        network: Any = AutoModelForImageTextToText.from_pretrained(model, dtype=dtype)
        processor: Any = AutoProcessor.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load {model!r}: {_first_line(error)}") from error
    if adapter is not None:
        network = _with_adapters(network, {"default": adapter}).merge_and_unload()
    elif adapters:
        network = _with_adapters(network, adapters)
    return HfSampler(network.to(device), processor, batch_size=batch_size)


def _with_adapters(network: Any, adapters: Mapping[str, str]) -> Any:
    try:
        from peft import PeftModel
    except ModuleNotFoundError as missing:
        raise MissingExtra("adapters need peft: pip install 'trial-sampler[lora]'") from missing
    wrapped: Any = None
    for name, path in adapters.items():
        try:
            if wrapped is None:
                wrapped = PeftModel.from_pretrained(network, path, adapter_name=name)
            else:
                wrapped.load_adapter(path, adapter_name=name)
        except (OSError, ValueError) as error:
            raise ModelError(f"cannot load adapter {path!r}: {_first_line(error)}") from error
    return wrapped


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
