"""The parts of a vision-language model by name, and which of their weights are trained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from llava_train.errors import UnsupportedModelError
from llava_train.extras import require
from llava_train.trainer_settings import TrainerSettings

Part = Literal["language", "vision", "projector"]

_MERGERS = ("merger", "deepstack_merger_list")
"""Projectors that stand inside the vision tower, by their names there (Qwen-VL)."""


@dataclass(frozen=True)
class ModelParts:
    """Names of the parts of a vision-language model, as in `named_modules`."""

    language: str
    """The language model without its output head, such as `model.language_model`."""
    vision: str
    """The vision tower, such as `model.vision_tower`."""
    projectors: tuple[str, ...]
    """What joins the two: modules of neither, or, as in Qwen-VL, the vision tower's `merger`, which then is no vision.
    """


def find_parts(model: Any) -> ModelParts:
    """Find language model, vision tower and projectors of a loaded model.

    Raises:
        UnsupportedModelError: the model has no language model or no vision tower of its own.
    """
    names = {module: name for name, module in model.named_modules()}
    language = names.get(model.get_decoder())
    vision = names.get(model.get_encoder(modality="image"))
    if not language or not vision:
        missing = "language model" if not language else "vision tower"
        raise UnsupportedModelError(f"{type(model).__name__} has no {missing} that can be told apart.")
    return ModelParts(language, vision, (*_projector_names(model, language, vision), *_merger_names(model, vision)))


def part_of(name: str, parts: ModelParts) -> Part:
    """The part that a weight belongs to; what is neither vision nor projector goes with the language model.

    Args:
        name: full name in the model, or in a `PeftModel` around it.
        parts: by names in the bare model.
    """
    bare = name.removeprefix("base_model.model.")
    if any(is_in(bare, projector) for projector in parts.projectors):
        return "projector"
    return "vision" if is_in(bare, parts.vision) else "language"


def lora_targets(model: Any, parts: ModelParts, *, train_vision: bool) -> str:
    """Regular expression for the full names of the language model's linear layers, and the vision tower's if asked.

    A bare list such as `q_proj` would match the vision tower as well.

    Raises:
        UnsupportedModelError: the language model has no linear layers.
    """
    prefixes = [parts.language, *([parts.vision] if train_vision else [])]
    patterns = [pattern for prefix in prefixes if (pattern := _linear_pattern(model, parts, prefix))]
    if not patterns:
        raise UnsupportedModelError(f"{type(model).__name__} has no linear layers in {parts.language}.")
    return "|".join(patterns)


def _linear_pattern(model: Any, parts: ModelParts, prefix: str) -> str:
    """Regular expression for the linear layers below a prefix, projectors apart; empty where there are none."""
    linear = require("torch").nn.Linear
    inside = {name: module for name, module in model.named_modules() if is_in(name, prefix)}
    wanted = {
        name for name, module in inside.items() if isinstance(module, linear) and part_of(name, parts) != "projector"
    }
    leaves = {name.rpartition(".")[2] for name in wanted}
    # others of the same short names, such as Qwen-VL's patch_embed.proj, a convolution
    apart = sorted(name for name in inside if name.rpartition(".")[2] in leaves and name not in wanted)
    not_these = f"(?!(?:{'|'.join(map(re.escape, apart))})$)" if apart else ""
    return rf"{not_these}{re.escape(prefix)}\.(?:.*\.)?(?:{'|'.join(sorted(map(re.escape, leaves)))})" if leaves else ""


def lora_config(model: Any, parts: ModelParts, settings: TrainerSettings) -> Any:
    """PEFT's configuration of the adapters that the settings ask for.

    Raises:
        UnsupportedModelError: the language model has no linear layers.
    """
    return require("peft").LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=lora_targets(model, parts, train_vision=settings.train_vision),
        modules_to_save=list(parts.projectors) if settings.trains_projector else None,
    )


def freeze_parts(model: Any, parts: ModelParts, settings: TrainerSettings) -> None:
    """Choose the trained weights of full fine-tuning: all but those of frozen parts."""
    trained: dict[Part, bool] = {
        "language": settings.train_language, "vision": settings.train_vision, "projector": settings.trains_projector,
    }  # fmt: skip
    for name, weight in model.named_parameters():
        weight.requires_grad = trained[part_of(name, parts)]


def _projector_names(model: Any, language: str, vision: str) -> tuple[str, ...]:
    """Outermost modules with weights that hold no part of language, vision and output head."""
    head = model.get_output_embeddings()
    head_name = next((name for name, module in model.named_modules() if module is head), "")
    known = [name for name in (language, vision, head_name) if name]
    found: list[str] = []
    for name, module in model.named_modules():
        inside_known = any(is_in(name, part) for part in known)
        holds_known = any(is_in(part, name) for part in known)
        inside_found = any(is_in(name, part) for part in found)
        if name and not (inside_known or holds_known or inside_found) and any(True for _ in module.parameters()):
            found.append(name)
    return tuple(found)


def _merger_names(model: Any, vision: str) -> tuple[str, ...]:
    """Projectors inside the vision tower; each of a list for itself, as PEFT cannot wrap lists."""
    found: list[str] = []
    for name, module in model.get_submodule(vision).named_children():
        if name in _MERGERS:
            is_list = isinstance(module, require("torch").nn.ModuleList)
            found += [f"{vision}.{name}.{k}" for k in range(len(module))] if is_list else [f"{vision}.{name}"]
    return tuple(found)


def is_in(name: str, part: str) -> bool:
    """Whether a weight or module belongs to a part, both by their full names."""
    return name == part or name.startswith(part + ".")
