"""Let a model of transformers attend to kept prompts, by the public attention interface."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from torch import Tensor
from transformers import AttentionInterface

from trial_sampler.errors import ModelError

ATTENTION = "trial_sampler_shared_prefix"


class Attention(Protocol):
    """What takes the place of a model's own attention."""

    def attend(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float, softcap: float | None
    ) -> Tensor:
        """Return one layer's output `(1, R, H, D)`, for the states `(1, heads, R, D)` of the R tokens that run."""
        ...


_attention: ContextVar[Attention] = ContextVar("attention to kept prompts")


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
    """Attend with queries `(1, H, R, D)`."""
    if s_aux is not None:
        raise ModelError("attention sinks are not supported by shared-prefix decoding; pass decoding='rows'")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return _attention.get().attend(module.layer_idx, query, key, value, scale, softcap), None


# No mask function is registered under this name, so that transformers makes no mask: kept prompts know who sees what.
AttentionInterface.register(ATTENTION, _attend)


@contextmanager
def attending(decoder: Any, attention: Attention) -> Generator[None]:
    """Let a decoder (the text model) attend in another way, and as before afterwards."""
    before = decoder.config._attn_implementation
    token = _attention.set(attention)
    decoder.set_attn_implementation(ATTENTION)
    try:
        yield
    finally:
        decoder.set_attn_implementation(before)
        _attention.reset(token)
