"""What transformers calls a model's keys and values: `past_key_values`, or `cache` in newer versions (5.24 and up)."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from transformers.modeling_outputs import CausalLMOutputWithPast

NAME = "cache" if "cache" in {field.name for field in fields(CausalLMOutputWithPast)} else "past_key_values"
"""Of the argument, and of the field of the output."""


def cache_argument(cache: Any) -> dict[str, Any]:
    """Return the keyword argument that gives a model its cache."""
    return {NAME: cache}


def cache_of(output: Any) -> Any:
    """Return the cache that a model's output holds."""
    return getattr(output, NAME)
