"""One forward pass over prompts and their images, for all their trials."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from trial_sampler.hf.cache_names import cache_of


@dataclass(frozen=True)
class Prefill:
    """What the model keeps of B prompts of padded length P."""

    cache: Any
    """The transformers cache of the B prompts."""
    logits_B_V: Tensor
    """Logits of the first new token."""
    mask_B_P: Tensor
    """1 for tokens, 0 for left padding."""
    positions_B_1: Tensor
    """Position of each prompt's last token; `(axes, B, 1)` where the model has several axes (M-RoPE)."""


@torch.inference_mode()
def prefill(model: Any, inputs: Mapping[str, Tensor]) -> Prefill:
    """Run the model once over left-padded prompts and their images."""
    rest = {name: value for name, value in inputs.items() if name != "input_ids"}
    positions = model._prepare_position_ids_for_generation(inputs["input_ids"], dict(inputs))
    prepared = model.prepare_inputs_for_generation(
        inputs["input_ids"], **rest, position_ids=positions, use_cache=True, is_first_iteration=True
    )
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        prepared["logits_to_keep"] = 1
    output = model(**prepared)
    return Prefill(cache_of(output), output.logits[:, -1], inputs["attention_mask"], positions[..., -1:])
