"""One decoder layer run again with gradients of its activations."""

from __future__ import annotations

import torch
from torch import Tensor

from roi_attention.relevance.attention_calls import AttentionCall, Exchange, watching
from roi_attention.relevance.layer_records import LayerRun, no_attention
from roi_attention.relevance.layer_traces import LayerTrace, prefix_of


def run_with_gradients(trace: LayerTrace, index: int, rows: int) -> LayerRun:
    """Run a layer again with gradients, or take the run that was kept; its input is let go.

    Args:
        trace: of the forward pass.
        index: of the layer.
        rows: M, positions at the end that must come out; the others are then run up to their queries, keys and values.

    Raises:
        UnsupportedModelError: `attention` where the layer does not attend once.
    """
    hidden, trace.inputs[index], kept = trace.inputs[index], None, trace.runs.pop(index, None)
    assert hidden is not None
    if kept and rows == hidden.shape[1]:
        return kept
    given = kept.given if kept else hidden.detach().requires_grad_()
    left_out = given.shape[1] - rows
    calls: list[tuple[AttentionCall, Tensor]] = []
    with torch.enable_grad():
        states = (_states_of(kept.call) if kept else _states(trace, index, given)) if left_out else None
        exchange = _instead(*states, left_out) if states else prefix_of(trace, index)
        with watching(trace.decoder, lambda _, *call: calls.append(call), exchange=exchange):
            output = trace.recompute(index, given[:, left_out:], left_out=left_out)
    if len(calls) != 1:
        raise no_attention(trace.layers[index])
    return LayerRun(given, output, *calls[0])


class _Known(Exception):
    """Ends the run of a layer whose queries, keys and values alone are wanted."""

    def __init__(self, states: tuple[Tensor, Tensor, Tensor]) -> None:
        self.states = states


def _states(trace: LayerTrace, index: int, given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of all positions, with their graph.

    The last rows attend with these and not with their own, so that norms in front of attention are passed back through
    once, and round as in a run of the whole layer.
    """
    prefix = prefix_of(trace, index)

    def stop(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        raise _Known(prefix(query, key, value) if prefix else (query, key, value))

    try:
        with watching(trace.decoder, lambda *_: None, exchange=stop):
            trace.recompute(index, given)
    except _Known as known:
        return known.states
    raise no_attention(trace.layers[index])


def _instead(query: Tensor, key: Tensor, value: Tensor, left_out: int) -> Exchange:
    return lambda *_: (query[:, :, left_out:], key, value)


def _states_of(call: AttentionCall) -> tuple[Tensor, Tensor, Tensor]:
    return call.query_B_H_Q_D, call.key_B_G_K_D, call.value_B_G_K_D
