"""The attention calls of LXMERT, whose attention goes through no interface: forward hooks on its modules."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

from roi_attention.encoders.capturing import Captured, check_ready
from roi_attention.relevance.attention_calls import AttentionCall

Calls = dict[Any, list[Captured]]
"""The calls of each attention module, in order: a cross layer's module is called for text, then for boxes."""


def capture_lxmert(model: Any, inputs: Mapping[str, Any]) -> tuple[Any, Calls]:
    """Run an LXMERT model once, as it is, and keep its attention calls.

    Args:
        model: in eval mode.
        inputs: of its forward pass.

    Returns:
        The model's output, with its graph, and the calls by module.

    Raises:
        MapError: `training` or `inference_mode`, as `check_ready`.
    """
    check_ready(model)
    calls: Calls = {}
    with ExitStack() as hooks, torch.enable_grad():
        for module in _attention_modules(model):
            hooks.enter_context(_keeping_calls(module, calls.setdefault(module, [])))
        output = model(**inputs)
    return output, calls


def _attention_modules(model: Any) -> list[Any]:
    encoder = model.lxmert.encoder
    alone = [layer.attention.self for layers in (encoder.layer, encoder.r_layers) for layer in layers]
    both = [(x.visual_attention.att, x.lang_self_att.self, x.visn_self_att.self) for x in encoder.x_layers]
    return [*alone, *(module for layer in both for module in layer)]


@contextmanager
def _keeping_calls(module: Any, calls: list[Captured]) -> Generator[None]:
    states: dict[str, Tensor] = {}

    def keeper(name: str) -> Any:
        def keep(_: Any, args: Any, output: Tensor) -> None:
            states[name] = output.detach()

        return keep

    def finish(_: Any, args: Any, kwargs: Any, output: Any) -> None:
        mask = args[2] if len(args) > 2 else kwargs.get("attention_mask")
        calls.append(Captured.keep(module, _call(module, states, mask), output[0]))
        states.clear()

    hooks = [getattr(module, name).register_forward_hook(keeper(name)) for name in ("query", "key", "value")]
    hooks.append(module.register_forward_hook(finish, with_kwargs=True))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _call(module: Any, states: Mapping[str, Tensor], mask: Tensor | None) -> AttentionCall:
    heads, width = module.num_attention_heads, module.attention_head_size
    query, key, value = (
        states[name].unflatten(-1, (heads, width)).transpose(1, 2) for name in ("query", "key", "value")
    )
    if mask is not None:
        mask = mask.expand(-1, -1, query.shape[2], -1)
    return AttentionCall(query, key, value, mask, width**-0.5, softcap=None, window=None, is_causal=False)
