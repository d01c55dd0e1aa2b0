"""Weights to train, in groups by part and weight decay, each with its own rate."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from llava_train import ModelParts, is_in

from svco_loss.training.settings import SvcoSettings


def optimizer_groups(
    model: Any, parts: ModelParts, settings: SvcoSettings, decayed: Container[str]
) -> list[dict[str, Any]]:
    """Groups for AdamW; empty ones are left out.

    Args:
        model: whose weights with `requires_grad` are trained; a `PeftModel` too.
        parts: by names in the bare model.
        settings: with the rates.
        decayed: names of weights that decay.
    """
    groups: dict[tuple[float, float], list[Any]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            decay = settings.weight_decay if name in decayed else 0.0
            groups.setdefault((_rate(name, parts, settings), decay), []).append(weight)
    return [{"params": weights, "lr": rate, "weight_decay": decay} for (rate, decay), weights in groups.items()]


def _rate(name: str, parts: ModelParts, settings: SvcoSettings) -> float:
    bare = name.removeprefix("base_model.model.")  # where PEFT puts the model
    if settings.vision_rate is not None and is_in(bare, parts.vision):
        return settings.vision_rate
    if settings.projector_rate is not None and any(is_in(bare, part) for part in parts.projectors):
        return settings.projector_rate
    return settings.rate
