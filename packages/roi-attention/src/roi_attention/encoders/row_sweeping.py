"""One row of relevance through a stack of self-attention, from the last layer to the first, without full matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from roi_attention.encoders.capturing import Captured
from roi_attention.encoders.rules import wide_kind
from roi_attention.errors import UnsupportedModelError
from roi_attention.relevance.tiles import rows_times_relevance


class Rows(NamedTuple):
    """Where one position of each sample draws from."""

    relevance_B_N: Tensor
    """Its row of `R`, the start, 1 at the position itself, included."""
    first_order_B_N: Tensor
    """The part of it that goes along one attention step."""


def sweep_rows(captured: Sequence[Captured], gradients: Sequence[Tensor], places_B: Tensor) -> Rows:
    """Rows of `R = (I + A_L) ... (I + A_1)` for one position of each sample.

    Args:
        captured: the self-attention calls of the layers, first to last, over the same N positions.
        gradients: at their outputs, `(B, N, H, D)` each.
        places_B: int64, the position of each sample.

    Raises:
        UnsupportedModelError: `attention` where the calls are none, or not all of N queries over the same N keys.

    Source: Chefer et al. 2021 (arXiv 2103.15679), rules 5 and 6.
    """
    shapes = {(one.call.query_B_H_Q_D.shape[2], one.call.key_B_G_K_D.shape[2]) for one in captured}
    if len(shapes) != 1 or len(set(*shapes)) != 1:
        raise UnsupportedModelError(
            "attention", f"layers must all attend over the same positions; got {shapes or 'none'}."
        )
    length = captured[0].call.key_B_G_K_D.shape[2]
    start = torch.zeros(len(places_B), 1, length, dtype=wide_kind(captured[0].output), device=captured[0].output.device)
    start.scatter_(2, places_B[:, None, None].to(start.device), 1.0)
    rows, direct = start, torch.zeros_like(start)
    for one, gradient in zip(reversed(captured), reversed(gradients), strict=True):
        moved = rows_times_relevance(torch.cat([rows, start], 1), one.call, [gradient])
        rows, direct = rows + moved[:, :1], direct + moved[:, 1:]
    return Rows(rows[:, 0], direct[:, 0])
