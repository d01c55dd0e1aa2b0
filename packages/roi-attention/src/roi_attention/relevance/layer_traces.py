"""One ordinary forward pass that keeps what each decoder layer was given, and any layer recomputed from it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from roi_attention.errors import UnsupportedModelError
from roi_attention.relevance.attention_calls import Exchange, watching
from roi_attention.relevance.cache_name import CACHE
from roi_attention.relevance.layer_records import LayerRecord, LayerRun, hidden_of


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
        return hidden_of(self.layers[index](hidden_B_M_W, **arguments))


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
    record = LayerRecord(first, len(decoder.layers) - kept_graphs)
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
        getattr(output, CACHE) if keep_cache else None,
        record.runs(),
    )


def prefix_of(trace: LayerTrace, index: int) -> Exchange | None:
    """What puts the constant keys and values of the positions before `first` in front of a layer's own."""
    if not trace.first:
        return None
    layer = trace.cache.layers[index]
    keys, values = layer.keys[:, :, : trace.first], layer.values[:, :, : trace.first]
    return lambda query, key, value: (query, torch.cat([keys, key], 2), torch.cat([values, value], 2))


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

    return {"use_cache": True, CACHE: DynamicCache()}  # plain layers, also where windows slide


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
