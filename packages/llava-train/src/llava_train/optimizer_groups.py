"""Weights to train, in groups by part and weight decay, each with its own rate."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from llava_train.model_parts import ModelParts, part_of
from llava_train.trainer_settings import TrainerSettings


def optimizer_groups(
    model: Any, parts: ModelParts, settings: TrainerSettings, decayed: Container[str]
) -> list[dict[str, Any]]:
    """Groups for AdamW; empty ones are left out.

    Args:
        model: whose weights with `requires_grad` are trained; a `PeftModel` too.
        parts: by names in the bare model.
        settings: with the rates.
        decayed: names of weights that decay.
    """
    rates = {
        "language": settings.rate,
        "projector": settings.rate if settings.projector_rate is None else settings.projector_rate,
        "vision": settings.rate if settings.vision_rate is None else settings.vision_rate,
    }
    groups: dict[tuple[float, float], list[Any]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            decay = settings.weight_decay if name in decayed else 0.0
            groups.setdefault((rates[part_of(name, parts)], decay), []).append(weight)
    return [{"params": weights, "lr": rate, "weight_decay": decay} for (rate, decay), weights in groups.items()]


class GroupedOptimizer:
    """Mixed into a trainer of transformers, before it among its bases: AdamW over groups by part."""

    args: Any
    model: Any
    optimizer: Any
    parts: ModelParts
    settings: Any
    """`TrainerSettings`, or what a trainer makes of them."""

    def create_optimizer(self, model: Any = None) -> Any:
        """AdamW over groups by part, each with its own rate."""
        trained = self.model if model is None else model
        if self.optimizer is None:
            decayed = set(self.get_decay_parameter_names(trained))  # type: ignore[attr-defined]
            groups = optimizer_groups(trained, self.parts, self.settings, decayed)
            kind, arguments = self.get_optimizer_cls_and_kwargs(self.args, trained)  # type: ignore[attr-defined]
            self.optimizer = kind(groups, **arguments)
        return self.optimizer
