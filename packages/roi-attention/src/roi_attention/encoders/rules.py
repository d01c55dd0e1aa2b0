"""The update rules of Chefer et al. on whole relevance matrices, `(..., rows, columns)`: samples never mix.

Relevance of a modality to itself starts as the identity. It is left out here (`own = R - I`): in float32 it would
swallow the small numbers of the diagonal. Relevance of one modality to another starts as 0.
"""

from __future__ import annotations

import torch
from torch import Tensor

from roi_attention.relevance.attention_calls import AttentionCall
from roi_attention.relevance.tiles import TILE_QUERIES, attention_tile, per_head


def weighted_attention(call: AttentionCall, gradient_B_Q_H_D: Tensor, *, tile: int = TILE_QUERIES) -> Tensor:
    """Rule 5: the mean over heads of `max(0, A * G)`, with `A` the attention and `G = dO V^T` its gradient.

    Args:
        call: what the attention saw.
        gradient_B_Q_H_D: of a scalar at the kernel's output.
        tile: queries looked at together.

    Returns:
        `(B, Q, K)`, in float64 for a float64 model, else float32.

    Source: Chefer et al. 2021 (arXiv 2103.15679), eq. 5.
    """
    kind = wide_kind(gradient_B_Q_H_D)
    heads, queries = call.query_B_H_Q_D.shape[1:3]
    keys_B_H_D_K = per_head(call.key_B_G_K_D, heads).to(kind).transpose(2, 3)
    values_B_H_D_K = per_head(call.value_B_G_K_D, heads).to(kind).transpose(2, 3)
    output_B_H_Q_D = gradient_B_Q_H_D.to(kind).transpose(1, 2)
    parts: list[Tensor] = []
    for start in range(0, queries, tile):
        stop = min(start + tile, queries)
        weighted = output_B_H_Q_D[:, :, start:stop] @ values_B_H_D_K
        weighted.mul_(attention_tile(call, start, stop, keys_B_H_D_K)).clamp_(min=0)
        parts.append(weighted.mean(1))
    return torch.cat(parts, 1)


def wide_kind(like: Tensor) -> torch.dtype:
    """The number type that relevance is summed in: float64 for float64, else float32."""
    return torch.float64 if like.dtype == torch.float64 else torch.float32


def self_rule(step_S_S: Tensor, own_S_S: Tensor) -> Tensor:
    """Rule 6, self-attention: `R_ss + step R_ss`, without the identity.

    Source: Chefer et al. 2021, eq. 6.

    >>> self_rule(torch.tensor([[0.5, 0.0], [0.5, 0.5]]), torch.tensor([[0.0, 1.0], [0.0, 0.0]])).tolist()
    [[0.5, 1.5], [0.5, 1.0]]
    """
    return own_S_S + step_S_S + step_S_S @ own_S_S


def passed_on(step_S_S: Tensor, other_S_Q: Tensor) -> Tensor:
    """Rule 7, self-attention of s: `R_sq + step R_sq`.

    Source: Chefer et al. 2021, eq. 7.
    """
    return other_S_Q + step_S_S @ other_S_Q


def normalised(own_S_S: Tensor) -> Tensor:
    """Rules 8 and 9, without the identity: rows that sum to 1; rows of zeros, which nothing has touched, stay zeros.

    Source: Chefer et al. 2021, eqs. 8 and 9; there, a row of zeros is divided by 0.

    >>> normalised(torch.tensor([[1.0, 3.0], [0.0, 0.0]])).tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    sums = own_S_S.sum(-1, keepdim=True)
    return own_S_S / sums.where(sums > 0, torch.ones_like(sums))


def cross_addition(step_S_Q: Tensor, own_S_S: Tensor, own_Q_Q: Tensor) -> Tensor:
    """Rule 10, attention of s to q: what is added to `R_sq`, the product of normalised `R_ss^T`, step and `R_qq`.

    Source: Chefer et al. 2021, eq. 10.

    >>> own = torch.tensor([[0.0, 2.0], [0.0, 0.0]])
    >>> cross_addition(torch.tensor([[1.0, 0.0], [0.0, 0.0]]), own, own).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    left_S_Q = step_S_Q + normalised(own_S_S).mT @ step_S_Q
    return left_S_Q + left_S_Q @ normalised(own_Q_Q)


def self_addition(step_S_Q: Tensor, other_Q_S: Tensor) -> Tensor:
    """Rule 11, attention of s to q: what is added to `R_ss`, step times `R_qs`.

    Source: Chefer et al. 2021, eq. 11.
    """
    return step_S_Q @ other_Q_S
