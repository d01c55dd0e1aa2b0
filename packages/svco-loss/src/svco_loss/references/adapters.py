"""The frozen reference without a second model."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch

from svco_loss.errors import UnsupportedModelError


@contextmanager
def without_adapter(model: Any) -> Generator[None]:
    """Switch a `PeftModel`'s adapter, dropout and gradients off, so that it is the model that training began with.

    The modules' training modes are put back at the end, also after an error.

    Raises:
        UnsupportedModelError: the model has no adapter that can be switched off.
    """
    if not hasattr(model, "disable_adapter"):
        raise UnsupportedModelError(
            f"model must be a peft.PeftModel; got {type(model).__name__}. Without an adapter, keep a frozen copy of "
            "the model, or the reference log-probabilities from before training."
        )
    modes = [(module, module.training) for module in model.modules()]
    try:
        with model.disable_adapter(), torch.no_grad():
            model.eval()
            yield
    finally:
        for module, training in modes:
            module.training = training
