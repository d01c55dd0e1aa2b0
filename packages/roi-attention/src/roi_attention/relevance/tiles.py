"""Rows times gradient-weighted attention, tile by tile: no array of queries by keys ever exists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from roi_attention.relevance.attention_calls import AttentionCall

TILE_QUERIES = 128
"""Queries of one tile: memory is `heads * 128 * keys` numbers, twice."""


def rows_times_relevance(
    rows_B_T_Q: Tensor, call: AttentionCall, gradients_B_Q_H_D: Sequence[Tensor], *, tile: int = TILE_QUERIES
) -> Tensor:
    """`rows @ mean_h max(0, A_h * G_h)`, with `A` the attention and `G = dO V^T` its gradient.

    Args:
        rows_B_T_Q: T rows for each of B samples; queries where all of them are 0 cost nothing.
        call: what the layer's attention saw.
        gradients_B_Q_H_D: gradients of S scalars at the kernel's output; S divides T, and T / S rows in a row belong to
            each scalar.
        tile: queries looked at together.

    Returns:
        `(B, T, K)`, over the call's K positions, in the rows' number type.

    Source: Chefer et al. 2021 (arXiv 2103.15679), rules 5 and 6, for rows instead of the whole matrix.
    """
    kind = rows_B_T_Q.dtype
    heads, keys = call.query_B_H_Q_D.shape[1], call.key_B_G_K_D.shape[2]
    keys_B_H_D_K = per_head(call.key_B_G_K_D, heads).to(kind).transpose(2, 3)
    values_B_H_D_K = per_head(call.value_B_G_K_D, heads).to(kind).transpose(2, 3)
    outputs = [gradient.to(kind).transpose(1, 2) for gradient in gradients_B_Q_H_D]
    rows = [part / heads for part in rows_B_T_Q.chunk(len(outputs), 1)]
    result = rows_B_T_Q.new_zeros(*rows_B_T_Q.shape[:2], keys)
    parts = result.chunk(len(outputs), 1)
    for first, last in _tiles(rows_B_T_Q, outputs, tile):
        reach = call.reach(first, last)
        attention = attention_tile(call, first, last, keys_B_H_D_K[..., :reach])
        for k, output in enumerate(outputs):
            weighted = output[:, :, first:last] @ values_B_H_D_K[..., :reach]
            weighted.mul_(attention).clamp_(min=0)
            parts[k][..., :reach] += (rows[k][:, None, :, first:last] @ weighted).sum(1)
    return result


def _tiles(rows_B_T_Q: Tensor, outputs_B_H_Q_D: Sequence[Tensor], tile: int) -> Iterator[tuple[int, int]]:
    """Ranges of queries that have both a row and a gradient; the others contribute nothing, exactly."""
    has_gradient = torch.stack([(output != 0).any(3).any(1).any(0) for output in outputs_B_H_Q_D]).any(0)
    needed = (rows_B_T_Q != 0).any(1).any(0) & has_gradient
    for start in range(0, len(needed), tile):
        places = needed[start : start + tile].nonzero().flatten()
        if len(places):
            yield start + int(places[0]), start + int(places[-1]) + 1


def attention_tile(call: AttentionCall, start: int, stop: int, keys_B_H_D_R: Tensor) -> Tensor:
    """Attention probabilities of the queries `start` to `stop` over the first R positions: `(B, H, stop - start, R)`.

    A query that may see nothing (padding) gets equal probabilities, whose gradient is 0.
    """
    kind = keys_B_H_D_R.dtype
    scores = (call.query_B_H_Q_D[:, :, start:stop].to(kind) * call.scale) @ keys_B_H_D_R
    if call.softcap is not None:
        scores = torch.tanh(scores / call.softcap) * call.softcap
    clear = call.seen_by_all(start)
    allowed = call.allowed(start, stop, scores.shape[-1], after=clear)
    if allowed is not None and allowed.dtype == torch.bool:
        scores[..., clear:].masked_fill_(~allowed, torch.finfo(kind).min)
    elif allowed is not None:
        scores = scores + allowed.to(kind).clamp_min(torch.finfo(kind).min)
    return scores.softmax(-1)


def per_head(states_B_G_K_D: Tensor, heads: int) -> Tensor:
    """Keys or values once for each query head, where a group of query heads shares them: `(B, H, K, D)`."""
    groups = states_B_G_K_D.shape[1]
    return states_B_G_K_D if groups == heads else states_B_G_K_D.repeat_interleave(heads // groups, 1)
