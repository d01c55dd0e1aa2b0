"""Raw attention of a few positions over all others, recomputed from queries and keys: for comparison with relevance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from roi_attention.relevance.attention_calls import AttentionCall, watching
from roi_attention.relevance.layer_traces import LayerTrace, prefix_of, trace_layers
from roi_attention.relevance.sweep import Relevance
from roi_attention.relevance.targets import Targets, at_targets, chosen_tokens
from roi_attention.relevance.tiles import attention_tile, per_head


def attention_rows(
    model: Any, inputs: Mapping[str, Tensor], targets: Targets, *, layers: Sequence[int] | None = None
) -> Relevance:
    """Attention of the targets' positions over all positions, averaged over heads and layers.

    Needs no gradients and no full matrices: only the targets' rows are recomputed.

    Args:
        model: a chat VLM of transformers in eval mode.
        inputs: of its processor.
        targets: where the tokens are predicted; their weights weigh the rows.
        layers: indices of decoder layers; None: all.
    """
    first = int(targets.all_positions[0])
    trace = trace_layers(model, inputs, targets.all_positions, first=first, keep_cache=True)
    chosen = range(len(trace.inputs)) if layers is None else sorted({range(len(trace.inputs))[k] for k in layers})
    with torch.no_grad():
        rows = [_rows_of(trace, index, targets.positions_B_T - first) for index in chosen]
    weighted = torch.stack(rows).mean(0) * targets.weights_B_T.to(rows[0])[..., None]
    tokens = chosen_tokens(targets, trace.logits_B_P_V)
    return Relevance(weighted, weighted, tokens, at_targets(targets, trace.logits_B_P_V))


def _rows_of(trace: LayerTrace, index: int, places_B_T: Tensor) -> Tensor:
    """Attention rows of one layer: `(B, T, N)`."""
    hidden = trace.inputs[index]
    assert hidden is not None
    calls: list[AttentionCall] = []
    with watching(trace.decoder, lambda _, call, output: calls.append(call), exchange=prefix_of(trace, index)):
        trace.recompute(index, hidden)
    (call,) = calls
    kind = torch.float64 if hidden.dtype == torch.float64 else torch.float32
    heads = call.query_B_H_Q_D.shape[1]
    keys = per_head(call.key_B_G_K_D, heads).to(kind).transpose(2, 3)
    attention_B_Q_K = attention_tile(call, 0, call.query_B_H_Q_D.shape[2], keys).mean(1)
    return attention_B_Q_K.gather(1, places_B_T[..., None].expand(-1, -1, attention_B_Q_K.shape[-1]))
