"""One decoder layer run again with gradients of its activations."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from roi_attention.errors import UnsupportedModelError
from roi_attention.relevance.attention_calls import AttentionCall, Exchange, detached, watching
from roi_attention.relevance.layer_traces import LayerTrace, prefix_of


class LayerStep(NamedTuple):
    """One layer run again, with its graph: N kept positions went in, the last M of them came out."""

    given: Tensor
    """`(B, N, W)`, a leaf."""
    output: Tensor
    """`(B, M, W)`."""
    call: AttentionCall
    """Of its M queries, without graph."""
    attended: Tensor
    """The attention kernel's output `(B, M, H, D)`, inside the graph."""


def rerun(trace: LayerTrace, index: int, *, rows: int | None = None) -> LayerStep:
    """Run a layer again with gradients, and let its stored input go.

    Args:
        trace: of the forward pass.
        index: of the layer.
        rows: M; None: all. For fewer, the others are run up to their queries, keys and values alone.

    Raises:
        UnsupportedModelError: `attention` where the layer does not attend once.
    """
    hidden, trace.inputs[index] = trace.inputs[index], None
    assert hidden is not None
    given = hidden.detach().requires_grad_()
    left_out = 0 if rows is None else given.shape[1] - rows
    calls: list[tuple[AttentionCall, Tensor]] = []
    with torch.enable_grad():
        exchange = _attend_as_whole(trace, index, given, left_out) if left_out else prefix_of(trace, index)
        with watching(trace.decoder, lambda _, call, output: calls.append((call, output)), exchange=exchange):
            output = trace.recompute(index, given[:, left_out:], left_out=left_out)
    if len(calls) != 1:
        raise _no_attention(trace, index)
    ((call, attended),) = calls
    return LayerStep(given, output, detached(call), attended)


class _Known(Exception):
    """Ends the run of a layer whose queries, keys and values alone are wanted."""

    def __init__(self, *states: Tensor) -> None:
        self.states = states


def _attend_as_whole(trace: LayerTrace, index: int, given: Tensor, left_out: int) -> Exchange:
    """What gives the last rows the queries, keys and values of a run of all rows, with their graph.

    So norms in front of attention are passed back through once, and round as in a run of the whole layer.
    """
    prefix = prefix_of(trace, index)

    def stop(*states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        raise _Known(*(prefix(*states) if prefix else states))

    try:
        with watching(trace.decoder, lambda *_: None, exchange=stop):
            trace.recompute(index, given)
    except _Known as known:
        query, key, value = known.states
        return lambda *_: (query[:, :, left_out:], key, value)
    raise _no_attention(trace, index)


def _no_attention(trace: LayerTrace, index: int) -> UnsupportedModelError:
    kind = type(trace.layers[index]).__name__
    return UnsupportedModelError("attention", f"{kind} must attend once through the attention interface.")
