"""Let a model of transformers attend through a `SharedPrefixCache`, by the public attention interface."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor
from transformers import AttentionInterface

from trial_sampler.errors import ModelError
from trial_sampler.hf.shared_prefix import SharedPrefixCache

ATTENTION = "trial_sampler_shared_prefix"

_cache: ContextVar[SharedPrefixCache] = ContextVar("shared prefix cache")


def _attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attend with queries `(1, H, R, D)`; the new keys and values are in the cache already."""
    if s_aux is not None:
        raise ModelError("attention sinks are not supported by shared-prefix decoding; pass decoding='rows'")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return _cache.get().attend(module.layer_idx, query, scale, softcap), None


# No mask function is registered under this name, so that transformers makes no mask: the cache knows who sees what.
AttentionInterface.register(ATTENTION, _attend)


@contextmanager
def attending(decoder: Any, cache: SharedPrefixCache) -> Generator[None]:
    """Let a decoder (the text model) attend through the cache, and as before afterwards."""
    before = decoder.config._attn_implementation
    token = _cache.set(cache)
    decoder.set_attn_implementation(ATTENTION)
    try:
        yield
    finally:
        decoder.set_attn_implementation(before)
        _cache.reset(token)
