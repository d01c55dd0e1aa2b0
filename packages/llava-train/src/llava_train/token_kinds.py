"""Kinds of token that some models want to be told: text, or image."""

from __future__ import annotations

import inspect
from typing import Any

from llava_train.errors import UnsupportedModelError


def read_token_types(processor: Any, input_ids: list[int]) -> list[int] | None:
    """Kinds of token (0 text, 1 image) where the model's processor makes them, else None."""
    if "mm_token_type_ids" not in processor.model_input_names:
        return None
    return list(processor.create_mm_token_type_ids([input_ids])[0])


def check_token_kinds(model: Any) -> None:
    """Make sure that a model is told the kinds that it goes by, if it goes by any.

    Gemma 3 lets the tokens of an image see one another by `token_type_ids`, which the trainer does not make: without
    them it would be trained on other attention than it answers with, and no error would tell.

    Raises:
        UnsupportedModelError: it is not told.
    """
    taken = inspect.signature(model.forward).parameters
    if "token_type_ids" in taken and "mm_token_type_ids" not in taken:
        raise UnsupportedModelError(
            f"{type(model).__name__} goes by token_type_ids, which the trainer does not make; it would "
            "learn with other attention than it answers with. Train a LLaVA or Qwen-VL model."
        )
