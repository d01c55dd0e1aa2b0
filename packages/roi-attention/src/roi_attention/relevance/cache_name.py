"""What transformers calls a model's keys and values: `past_key_values`, or `cache` in newer versions (5.24 and up)."""

from __future__ import annotations

from dataclasses import fields

from transformers.modeling_outputs import BaseModelOutputWithPast

CACHE = "cache" if "cache" in {field.name for field in fields(BaseModelOutputWithPast)} else "past_key_values"
"""Of the argument, and of the field of the output."""
