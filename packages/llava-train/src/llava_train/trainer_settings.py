"""The choices that every training of this package and of its users has, with their sources."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from llava_train.errors import SettingsError

Method = Literal["lora", "full"]
Dtype = Literal["auto", "float32", "bfloat16"]
Device = Literal["auto", "cpu"]
PaddingSide = Literal["left", "right"]


@dataclass(frozen=True, kw_only=True)
class TrainerSettings:
    """Settings of any training; what is trained, and on what, is added by subclasses.

    Source: defaults of LLaVA-1.5 stage 2, Liu et al., arXiv 2310.03744, table 9, where a subclass names no other.
    """

    model: str
    """Folder or Hub id of a chat VLM that `AutoModelForImageTextToText` and `AutoProcessor` load."""
    method: Method = "lora"
    """`lora` trains adapters on the language model; `full` trains all its weights."""
    lora_r: int = 16
    """Rank of the adapters (LoRA only)."""
    lora_alpha: int = 32
    """Scale of the adapters is `lora_alpha / lora_r` (LoRA only)."""
    lora_dropout: float = 0.0
    """Dropout in front of the adapters, 0 to 1 (LoRA only). PEFT's default; LLaVA uses 0.05."""
    learning_rate: float | None = None
    """Peak rate; None means 2e-4 for `lora` and 2e-5 for `full`, as in LLaVA-1.5.
    Tiny models need 10 to 100 times that."""
    epochs: float = 1.0
    """Passes over the rows, unless `max_steps` is given."""
    max_steps: int | None = None
    """Number of optimiser steps; overrides `epochs`."""
    batch_size: int = 16
    """Rows per device and forward pass. LLaVA-1.5: 16 on each of 8 GPUs."""
    gradient_accumulation: int = 1
    """Forward passes per optimiser step; loss and gradient equal those of one batch of all their rows."""
    warmup_ratio: float = 0.03
    """Share of the steps in which the rate rises linearly from 0, 0 to 1. LLaVA-1.5."""
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = "cosine"
    """How the rate falls after the warm-up. LLaVA-1.5: cosine."""
    weight_decay: float = 0.0
    """Decoupled weight decay of AdamW. LLaVA-1.5."""
    max_grad_norm: float = 1.0
    """Gradients are scaled down to this L2 norm. Default of the trainer that LLaVA-1.5 uses."""
    train_language: bool = True
    """Train the language model (always with `lora`). `full` without it, and without the vision tower, trains the
    projector alone, as stage 1 of LLaVA (arXiv 2304.08485) does."""
    train_vision: bool = False
    """Train the vision tower too (LoRA: adapters on it). LLaVA-1.5 keeps it frozen."""
    train_projector: bool | None = None
    """Train the projector between vision and language. None means yes for `full` (as LLaVA-1.5), no for `lora` (so that
    the adapter stays one that servers can load)."""
    projector_rate: float | None = None
    """Peak rate of the projector; None: `learning_rate`. LLaVA-1.5's LoRA script: 2e-5, a tenth of the adapters'."""
    vision_rate: float | None = None
    """Peak rate of the vision tower, with `train_vision`; None: `learning_rate`. LLaVA-OneVision: a fifth of it."""
    seed: int = 0
    """Seed of adapters, row order and dropout."""
    dtype: Dtype = "auto"
    """Computation: `auto` is bfloat16 on a GPU that has it and float32 elsewhere. Trained weights are float32 while
    they are trained; the saved model has this dtype."""
    device: Device = "auto"
    """`cpu` keeps the training off an accelerator that is there."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about 20 % slower."""
    save_every: int = 100
    """Steps between two checkpoints; a killed run loses at most these."""
    padding_side: PaddingSide = "right"
    """Side on which short rows of a batch are filled. The loss does not depend on it."""
    image_root: str | None = None
    """Folder that relative image paths start from; paths that leave it are refused."""
    cache_mb: int = 256
    """Memory for tokens and pixel values of rows seen before, MiB; 0 keeps nothing."""
    report_to: str = "none"
    """Experiment trackers of transformers (`wandb`, `tensorboard`, ...), comma-separated; `none` for none."""

    def __post_init__(self) -> None:
        """Check values that would otherwise fail late or be ignored.

        Raises:
            SettingsError: a value lies outside its range.
        """
        _check_choices(self)
        _check_ranges(self)
        _check_parts(self)

    @property
    def rate(self) -> float:
        """Peak learning rate, with the default of the method filled in."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 2e-4 if self.method == "lora" else 2e-5

    @property
    def trains_projector(self) -> bool:
        """Whether the projector is trained, with the default of the method filled in."""
        return self.method == "full" if self.train_projector is None else self.train_projector

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values."""
        return asdict(self)


def _check_choices(settings: TrainerSettings) -> None:
    choices: dict[str, tuple[str, ...]] = {
        "method": get_args(Method),
        "dtype": get_args(Dtype),
        "device": get_args(Device),
        "padding_side": get_args(PaddingSide),
        "schedule": ("cosine", "linear", "constant_with_warmup"),
    }
    for name, allowed in choices.items():
        value = getattr(settings, name)
        if value not in allowed:
            raise SettingsError(f"{name} must be one of {', '.join(allowed)}; got {value!r}.")


def _check_ranges(settings: TrainerSettings) -> None:
    positive = ("lora_r", "lora_alpha", "epochs", "batch_size", "gradient_accumulation", "max_grad_norm", "save_every")
    optional = ("max_steps", "learning_rate", "projector_rate", "vision_rate")
    for name in (*positive, *(name for name in optional if getattr(settings, name) is not None)):
        require_range(settings, name, lambda value: value > 0, "above 0")
    for name in ("weight_decay", "cache_mb", "seed"):
        require_range(settings, name, lambda value: value >= 0, "0 or more")
    for name in ("lora_dropout", "warmup_ratio"):
        require_range(settings, name, lambda value: 0 <= value < 1, "from 0 to below 1")


def _check_parts(settings: TrainerSettings) -> None:
    if settings.vision_rate is not None and not settings.train_vision:
        raise SettingsError("vision_rate needs train_vision: the vision tower is frozen.")
    if settings.projector_rate is not None and not settings.trains_projector:
        raise SettingsError("projector_rate needs train_projector: the projector is frozen.")
    if not settings.train_language and settings.method == "lora":
        raise SettingsError("train_language=False needs method 'full': LoRA's adapters are on the language model.")
    if not (settings.train_language or settings.train_vision or settings.trains_projector):
        raise SettingsError("nothing is trained: set train_language, train_vision or train_projector.")


def require_range(settings: TrainerSettings, name: str, holds: Callable[[float], bool], expected: str) -> None:
    """Make sure that a number of the settings is finite and in its range.

    Raises:
        SettingsError: it is not.
    """
    value = getattr(settings, name)
    if not (math.isfinite(value) and holds(value)):
        raise SettingsError(f"{name} must be {expected}; got {value!r}.")
