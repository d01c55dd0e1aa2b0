"""One forward pass with its attention calls kept, and the gradients of a scalar at all of them in one pass back."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from roi_attention.errors import MapError
from roi_attention.relevance.attention_calls import AttentionCall, OnCall, detached, watching


@dataclass(frozen=True, eq=False)
class Captured:
    """One attention call of a forward pass."""

    module: Any
    """The attention module."""
    call: AttentionCall
    """What it saw, without the graph."""
    output: Tensor
    """What its kernel gave, in the graph: `(B, Q, H, D)` or `(B, Q, H * D)`."""

    @classmethod
    def keep(cls, module: Any, call: AttentionCall, output: Tensor) -> Captured:
        """Keep a call; the graph starts here where it has not yet: parameters need no gradients."""
        if not output.requires_grad:
            output.requires_grad_()
        return cls(module, detached(call), output)


def capture(model: Any, inputs: Mapping[str, Any], towers: Sequence[Any]) -> tuple[Any, list[Captured]]:
    """Run a model once, as it is, and keep the attention calls of some of its networks.

    Args:
        model: of transformers, in eval mode.
        inputs: of its forward pass.
        towers: the model or networks inside it that attend through the attention interface; each keeps its own kernel.

    Returns:
        The model's output, with its graph, and the calls in order.

    Raises:
        MapError: `training` or `inference_mode`, as `check_ready`.
        UnsupportedModelError: `attention` where a tower attends with the eager kernel.
    """
    check_ready(model)
    captured: list[Captured] = []
    with ExitStack() as watches, torch.enable_grad():
        for tower in towers:
            keep = _keeping(captured)
            watches.enter_context(_watching_while_running(tower, keep))
        output = model(**inputs)
    return output, captured


def gradients_at(scalar: Tensor, captured: Sequence[Captured], *, keep_graph: bool = False) -> list[Tensor]:
    """Gradients of a scalar at the outputs of all kernels, `(B, Q, H, D)` each, in one pass back.

    Parameters get none: nothing of them is computed or stored.
    """
    found = torch.autograd.grad(scalar, [one.output for one in captured], retain_graph=keep_graph)
    heads = [one.call.query_B_H_Q_D.shape[1] for one in captured]
    return [
        part if part.dim() == 4 else part.unflatten(-1, (count, -1)) for part, count in zip(found, heads, strict=True)
    ]


def check_ready(model: Any) -> None:
    """Refuse a model whose dropout is on, and a place where no gradient can be had.

    Raises:
        MapError: `training` where the model is not in eval mode, `inference_mode` inside of `torch.inference_mode()`.
    """
    if model.training:
        raise MapError("training", "the model must be in eval mode; call model.eval().")
    if torch.is_inference_mode_enabled():
        raise MapError("inference_mode", "relevance needs gradients; use torch.no_grad() in place of inference_mode().")


@contextmanager
def without_graph(module: Any) -> Generator[None]:
    """Let a part of a model that lies below all attention run without a graph, which nothing would use."""

    def enter(*_: Any) -> None:
        torch.set_grad_enabled(False)

    def leave(*_: Any) -> None:
        torch.set_grad_enabled(True)

    with _around(module, enter, leave):
        yield


def _keeping(captured: list[Captured]) -> OnCall:
    return lambda module, call, output: captured.append(Captured.keep(module, call, output))


@contextmanager
def _watching_while_running(tower: Any, on_call: OnCall) -> Generator[None]:
    """Watch each tower only while it runs, since two towers may have different kernels."""
    watch = ExitStack()

    def enter(*_: Any) -> None:
        watch.enter_context(watching(tower, on_call))

    def leave(*_: Any) -> None:
        watch.close()

    with _around(tower, enter, leave):
        yield


@contextmanager
def _around(module: Any, enter: Any, leave: Any) -> Generator[None]:
    before = module.register_forward_pre_hook(enter)
    after = module.register_forward_hook(leave, always_call=True)
    try:
        yield
    finally:
        before.remove()
        after.remove()
