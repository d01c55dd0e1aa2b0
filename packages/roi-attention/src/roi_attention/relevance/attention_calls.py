"""Watch the attention of a decoder layer while it is recomputed: queries, keys, values and the kernel's output."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from roi_attention.errors import UnsupportedModelError

ATTENTION = "roi_attention_watched"

_Kernel = Callable[..., tuple[Tensor, Any]]
OnCall = Callable[[Any, "AttentionCall", Tensor], None]
"""(attention module, its call, the kernel's output `(B, Q, H, D)`)."""
Exchange = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
"""(queries, keys, values) -> those to attend with: keys and values with more in front."""


@dataclass(frozen=True)
class AttentionCall:
    """One call of an attention kernel, after rotary embedding and any norm of queries and keys.

    H query heads share G key heads (G = H without grouping); Q queries stand at the end of K positions.
    """

    query_B_H_Q_D: Tensor
    key_B_G_K_D: Tensor
    value_B_G_K_D: Tensor
    mask: Tensor | None
    """None; `(B, 1 or H, Q, K)` bool (True: may look) or added to the scores; or `(B, K)`, 1 for tokens."""
    scale: float
    """Factor of the scores."""
    softcap: float | None
    """Scores are `softcap * tanh(score / softcap)`."""
    window: int | None
    """Positions that a query sees, itself counted, where `mask` does not say so already."""
    is_causal: bool
    """Whether queries see nothing behind them, where `mask` does not say so already."""

    def reach(self, start: int, stop: int) -> int:
        """Number of leading positions that hold all that the queries `start` to `stop` may see."""
        keys = self.key_B_G_K_D.shape[2]
        if self.mask is None or self.mask.dim() != 4:
            return keys - self.query_B_H_Q_D.shape[2] + stop if self.is_causal else keys
        part = self.mask[:, :, start:stop]
        seen = part if part.dtype == torch.bool else part > torch.finfo(part.dtype).min / 2
        places = seen.flatten(0, 2).any(0).nonzero()
        return int(places[-1]) + 1 if len(places) else 1

    def seen_by_all(self, start: int) -> int:
        """Number of leading positions that all queries from `start` on see, as far as that is known without looking."""
        keys, queries = self.key_B_G_K_D.shape[2], self.query_B_H_Q_D.shape[2]
        return keys - queries + start + 1 if self.mask is None and self.window is None and self.is_causal else 0

    def allowed(self, start: int, stop: int, reach: int, *, after: int = 0) -> Tensor | None:
        """Which of the positions `after` to `reach` the queries `start` to `stop` may see, None: all.

        Returns:
            bool `(B or 1, 1 or H, stop - start, reach - after)`; an added mask is returned as it is.
        """
        if self.mask is not None and self.mask.dim() == 4:
            return self.mask[:, :, start:stop, after:reach]
        keys = self.key_B_G_K_D.shape[2]
        device = self.query_B_H_Q_D.device
        at = torch.arange(start, stop, device=device)[:, None] + keys - self.query_B_H_Q_D.shape[2]
        seen = torch.arange(after, reach, device=device)[None, :]
        allowed = torch.ones(stop - start, reach - after, dtype=torch.bool, device=device)
        if self.is_causal:
            allowed &= seen <= at
        if self.window is not None:
            allowed &= seen > at - self.window
        if self.mask is None:
            return allowed[None, None] if self.is_causal or self.window is not None else None
        return allowed[None, None] & self.mask[:, None, None, after:reach].bool()


def detached(call: AttentionCall) -> AttentionCall:
    """The call without its graph."""
    query, key, value = call.query_B_H_Q_D.detach(), call.key_B_G_K_D.detach(), call.value_B_G_K_D.detach()
    return replace(call, query_B_H_Q_D=query, key_B_G_K_D=key, value_B_G_K_D=value)


_watcher: ContextVar[tuple[_Kernel, OnCall, Exchange | None, str]] = ContextVar("watcher")


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **kwargs: Any
) -> tuple[Tensor, None]:
    kernel, on_call, exchange, name = _watcher.get()
    if kwargs.get("s_aux") is not None:
        raise UnsupportedModelError("sinks", "models with attention sinks (s_aux) are not supported.")
    if exchange is not None:
        query, key, value = exchange(query, key, value)
    scale, causal = kwargs.get("scaling"), kwargs.get("is_causal")
    call = AttentionCall(
        query,
        key,
        value,
        attention_mask,
        query.shape[-1] ** -0.5 if scale is None else scale,
        kwargs.get("softcap"),
        kwargs.get("sliding_window"),
        bool(getattr(module, "is_causal", True) if causal is None else causal),
    )
    if exchange is not None and attention_mask is None and kernel is sdpa_attention_forward:
        # SDPA's own causal flag aligns queries with the first keys; with a prefix in front they are the last ones.
        attention_mask = call.allowed(0, query.shape[2], key.shape[2])
    with _named(module.config, name):
        output = kernel(module, query, key, value, attention_mask, **kwargs)[0]
    on_call(module, call, output)
    return output, None


@contextmanager
def _named(config: Any, name: str) -> Generator[None]:
    """Let a config name the kernel itself while that runs: flash kernels look up there which of them they are."""
    config._attn_implementation = {"": name}
    try:
        yield
    finally:
        config._attn_implementation = {"": ATTENTION}


def _mask(*args: Any, **kwargs: Any) -> Any:
    """The mask that the watched network's own kernel is given, where masks are made while it is watched."""
    masks, name = AttentionMaskInterface(), _watcher.get()[3]
    return masks[name](*args, **kwargs) if name in masks else None


AttentionInterface.register(ATTENTION, _attend)
AttentionMaskInterface.register(ATTENTION, _mask)


@contextmanager
def watching(network: Any, on_call: OnCall, *, exchange: Exchange | None = None) -> Generator[None]:
    """Hand every attention call of a network to `on_call`, with its module; afterwards the network is as before.

    The kernel stays the network's own (SDPA, flash), and so do the masks made for it. Networks inside this one that
    have a config of their own are not watched.

    Args:
        network: a module of transformers whose attention goes through its attention interface.
        on_call: is given the attention module, its call and the kernel's output.
        exchange: gives other queries, keys and values, such as keys and values with a prefix in front.
    """
    before = network.config._attn_implementation
    token = _watcher.set((_kernel_named(before, network), on_call, exchange, before))
    network.set_attn_implementation({"": ATTENTION})
    try:
        yield
    finally:
        network.set_attn_implementation({"": before})
        _watcher.reset(token)


def _kernel_named(name: str, network: Any) -> _Kernel:
    known = AttentionInterface()
    if name in known:
        return known[name]
    raise UnsupportedModelError(
        "attention",
        f"{type(network).__name__} attends with {name!r}; load it with attn_implementation='sdpa' or a flash kernel.",
    )
