"""One ordinary forward pass that keeps what each decoder layer was given, and any layer recomputed from it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from roi_attention.errors import UnsupportedModelError
from roi_attention.relevance.attention_calls import AttentionCall, Exchange, watching


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
class LayerTrace:
    """The inputs of the L decoder layers in one forward pass, without gradients."""

    decoder: Any
    """The text model, with `layers` and `norm`."""
    first: int
    """Positions before this one were not kept."""
    length: int
    """Positions of the whole sequence."""
    inputs: list[Tensor | None]
    """Hidden states `(B, N - first, width)` that each layer was given; the list is emptied from the end by sweeps."""
    arguments: list[dict[str, Any]]
    """The other arguments of each layer."""
    last_B_N_W: Tensor
    """What the final norm was given."""
    logits_B_P_V: Tensor
    """Logits at the positions asked for, as the model computed them."""
    cache: Any = field(default=None)
    """Keys and values of all layers and positions, where they were asked for."""
    runs: dict[int, LayerRun] = field(default_factory=dict[int, LayerRun])
    """Layers that ran with gradients, by index; emptied by sweeps too."""

    @property
    def layers(self) -> Any:
        """The decoder layers, first to last."""
        return self.decoder.layers

    def recompute(self, index: int, hidden_B_M_W: Tensor, *, left_out: int = 0) -> Tensor:
        """Run one layer again on (a copy of) its input, without the first `left_out` of its positions."""
        arguments = _from_position(self.arguments[index], left_out, self.length - self.first)
        return _hidden(self.layers[index](hidden_B_M_W, **arguments))


def trace_layers(
    model: Any,
    inputs: Mapping[str, Tensor],
    positions: Tensor,
    *,
    first: int = 0,
    keep_cache: bool = False,
    kept_graphs: int = 0,
) -> LayerTrace:
    """Run the model once as it is, without gradients, and keep what each decoder layer was given.

    Args:
        model: a chat VLM of transformers, in eval mode.
        inputs: of its processor.
        positions: `(P,)`, where logits are needed.
        first: keep hidden states from this position on.
        keep_cache: keep keys and values of all positions too.
        kept_graphs: number of last layers that run with gradients already, each cut off from the one below.

    Raises:
        UnsupportedModelError: `decoder` where the model has no plain stack of layers and a norm, `between_layers` where
            it does something to the text between layers.
    """
    decoder = decoder_of(model)
    record = _Record(first, len(decoder.layers) - kept_graphs)
    with ExitStack() as hooks, torch.no_grad():
        for layer in decoder.layers:
            hooks.callback(layer.register_forward_pre_hook(record.on_input, with_kwargs=True).remove)
            hooks.callback(layer.register_forward_hook(record.on_output).remove)
        hooks.callback(decoder.norm.register_forward_pre_hook(record.on_norm).remove)
        if kept_graphs:
            hooks.enter_context(watching(decoder, record.on_attention))
        output = model(**inputs, **_cache_arguments(keep_cache), logits_to_keep=positions)
    record.check(model, decoder.layers)
    return LayerTrace(
        decoder,
        first,
        record.length,
        list(record.inputs),
        [_from_position(arguments, first, record.length) for arguments in record.arguments],
        record.last[0],
        output.logits,
        output.past_key_values if keep_cache else None,
        record.runs(),
    )


@dataclass
class _Record:
    """What hooks see in one forward pass."""

    first: int
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
        if len(self.inputs) > self.graphs_from:
            self.calls.append(call)

    def on_output(self, _: Any, args: Any, output: Any) -> None:
        hidden = _hidden(output)
        self.said.append(hidden.detach()[:, -1].clone())
        if len(self.inputs) > self.graphs_from:
            torch.set_grad_enabled(False)
            self.outputs.append(hidden)

    def on_norm(self, _: Any, args: tuple[Any, ...]) -> None:
        self.last.append(args[0].detach())

    def check(self, model: Any, layers: Any) -> None:
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
        return {
            index: LayerRun(self.inputs[index], output, *call)
            for index, output, call in zip(
                range(self.graphs_from, len(self.inputs)), self.outputs, self.calls, strict=True
            )
        }


def prefix_of(trace: LayerTrace, index: int) -> Exchange | None:
    """What puts the constant keys and values of the positions before `first` in front of a layer's own."""
    if not trace.first:
        return None
    layer = trace.cache.layers[index]
    keys, values = layer.keys[:, :, : trace.first], layer.values[:, :, : trace.first]
    return lambda query, key, value: (query, torch.cat([keys, key], 2), torch.cat([values, value], 2))


def no_attention(layer: Any) -> UnsupportedModelError:
    """The error for a layer whose attention is not seen, or more than once."""
    name = type(layer).__name__
    return UnsupportedModelError("attention", f"{name} must attend once through the attention interface.")


def decoder_of(model: Any) -> Any:
    """The text model of a chat VLM.

    Raises:
        UnsupportedModelError: `decoder` where it has no `layers` and `norm`.
    """
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else None
    if decoder is None or not hasattr(decoder, "layers") or not hasattr(decoder, "norm"):
        raise UnsupportedModelError("decoder", f"{type(model).__name__} has no decoder with `layers` and `norm`.")
    return decoder


def _cache_arguments(keep_cache: bool) -> dict[str, Any]:
    if not keep_cache:
        return {"use_cache": False}
    from transformers import DynamicCache

    return {"use_cache": True, "past_key_values": DynamicCache()}  # plain layers, also where windows slide


def _split(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, dict[str, Any]]:
    named = dict(kwargs)
    hidden = args[0] if args else named.pop("hidden_states")
    if len(args) > 1:
        raise UnsupportedModelError("decoder", "decoder layers must take all but the hidden states by name.")
    named["past_key_values"], named["use_cache"] = None, False
    return hidden.detach(), named


def _hidden(output: Any) -> Tensor:
    return output[0] if isinstance(output, tuple) else output


_SEQUENCE_DIMS = {"position_embeddings": -2, "position_ids": -1, "cache_position": -1}


def _from_position(arguments: dict[str, Any], first: int, length: int) -> dict[str, Any]:
    """The arguments for the positions from `first` on."""
    if not first:
        return arguments
    kept = dict(arguments)
    for name, dim in _SEQUENCE_DIMS.items():
        value = kept.get(name)
        if isinstance(value, Tensor):
            kept[name] = value.narrow(dim, first, length - first)
        elif isinstance(value, tuple):
            kept[name] = tuple(part.narrow(dim, first, length - first) for part in value)
    mask = kept.get("attention_mask")
    if isinstance(mask, Tensor) and mask.dim() == 4:
        kept["attention_mask"] = mask[:, :, first:]
    return kept
