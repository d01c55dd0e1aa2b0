"""What hooks see of each decoder layer in one forward pass, and which layers run with gradients in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from roi_attention.errors import UnsupportedModelError
from roi_attention.relevance.attention_calls import AttentionCall
from roi_attention.relevance.cache_name import CACHE


class LayerRun(NamedTuple):
    """One layer run with gradients of activations: N kept positions went in, the last M of them came out."""

    given: Tensor
    """`(B, N, W)`, a leaf."""
    output: Tensor
    """`(B, M, W)`."""
    call: AttentionCall
    """Of its M queries."""
    attended: Tensor
    """The attention kernel's output `(B, M, H, D)`, inside the graph."""


@dataclass
class LayerRecord:
    """What hooks see in one forward pass."""

    first: int
    """Positions before this one are not kept."""
    graphs_from: int
    """Index of the first layer that runs with gradients."""
    length: int = 0
    inputs: list[Tensor] = field(default_factory=list[Tensor])
    arguments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    said: list[Tensor] = field(default_factory=list[Tensor])
    """Each layer's output at the last position."""
    outputs: list[Tensor] = field(default_factory=list[Tensor])
    """Of the layers with gradients."""
    calls: list[tuple[AttentionCall, Tensor]] = field(default_factory=list[tuple[AttentionCall, Tensor]])
    last: list[Tensor] = field(default_factory=list[Tensor])

    def on_input(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Keep what a layer is given; turn gradients on for those that run with them."""
        hidden, named = _split(args, kwargs)
        graph = len(self.inputs) >= self.graphs_from
        self.length = hidden.shape[1]
        self.inputs.append(hidden[:, self.first :].clone() if self.first else hidden)
        self.arguments.append(named)
        if not graph:
            return None
        torch.set_grad_enabled(True)  # until the layer's end; no_grad around the pass takes it back in any case
        return (hidden.requires_grad_(),), {name: value for name, value in kwargs.items() if name != "hidden_states"}

    def on_attention(self, _: Any, *call: Any) -> None:
        """Keep the attention call of a layer that runs with gradients."""
        if len(self.inputs) > self.graphs_from:
            self.calls.append(call)

    def on_output(self, _: Any, args: Any, output: Any) -> None:
        """Keep what a layer gave, and turn gradients off again."""
        hidden = hidden_of(output)
        self.said.append(hidden.detach()[:, -1].clone())
        if len(self.inputs) > self.graphs_from:
            torch.set_grad_enabled(False)
            self.outputs.append(hidden)

    def on_norm(self, _: Any, args: tuple[Any, ...]) -> None:
        """Keep what the final norm was given."""
        self.last.append(args[0].detach())

    def check(self, model: Any, layers: Any) -> None:
        """Make sure that the layers are a plain stack.

        Raises:
            UnsupportedModelError: `decoder`, `attention` or `between_layers`.
        """
        if len(self.inputs) != len(layers) or len(self.last) != 1:
            raise UnsupportedModelError(
                "decoder", f"{type(model).__name__} must call each decoder layer and the norm once."
            )
        if len(self.calls) != len(self.outputs):
            raise no_attention(layers[-1])
        given = [hidden.detach()[:, -1] for hidden in (*self.inputs[1:], self.last[0])]
        if not all(torch.equal(a, b) for a, b in zip(given, self.said, strict=True)):
            # Text must pass unchanged; adding to image tokens (Qwen3-VL) leaves gradients as they are.
            raise UnsupportedModelError("between_layers", "the model changes the text between its decoder layers.")

    def runs(self) -> dict[int, LayerRun]:
        """The layers that ran with gradients, by index."""
        return {
            index: LayerRun(self.inputs[index], output, *call)
            for index, output, call in zip(
                range(self.graphs_from, len(self.inputs)), self.outputs, self.calls, strict=True
            )
        }


def no_attention(layer: Any) -> UnsupportedModelError:
    """The error for a layer whose attention is not seen, or more than once."""
    name = type(layer).__name__
    return UnsupportedModelError("attention", f"{name} must attend once through the attention interface.")


def hidden_of(output: Any) -> Tensor:
    """The hidden states of a layer's output, alone or first of a tuple."""
    return output[0] if isinstance(output, tuple) else output


def _split(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, dict[str, Any]]:
    named = dict(kwargs)
    hidden = args[0] if args else named.pop("hidden_states")
    if len(args) > 1:
        raise UnsupportedModelError("decoder", "decoder layers must take all but the hidden states by name.")
    named[CACHE], named["use_cache"] = None, False
    return hidden.detach(), named
