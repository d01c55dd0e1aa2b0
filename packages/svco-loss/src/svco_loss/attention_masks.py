"""Who sees whom in rows with two answers, as each attention implementation of transformers takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from svco_loss.branches import PARTS, BranchedRows, sees, visible_to
from svco_loss.model_parts import ModelParts

if TYPE_CHECKING:
    from torch.nn.attention.flex_attention import BlockMask


def attention_mask(rows: BranchedRows, parts: ModelParts) -> Any:
    """Return the mask that the language model's attention takes.

    sdpa: bool `(R, 1, L, L)`. eager: the same as a summand. FlexAttention: a `BlockMask`, L x L only in name.
    """
    if parts.attention == "flex_attention":
        return block_mask(rows)
    sees_R_L_L = rows.sees_R_L_L()
    return sees_R_L_L[:, None] if parts.attention == "sdpa" else _summand(sees_R_L_L, parts.body.dtype)[:, None]


def _summand(sees_R_L_L: Tensor, dtype: torch.dtype) -> Tensor:
    zeros = torch.zeros(sees_R_L_L.shape, dtype=dtype, device=sees_R_L_L.device)
    return zeros.masked_fill(~sees_R_L_L, torch.finfo(dtype).min)


def block_mask(rows: BranchedRows, block: int = 128) -> BlockMask:
    """Return `rows.sees_R_L_L()` for FlexAttention; the largest tensor made on the way has R * 3 * (L / block)^2 bytes.

    Equal to what `create_block_mask` makes, which would first hold all R * L * L values unless it is compiled, and
    compiling takes seconds for each new length.

    Args:
        rows: prompts and answers.
        block: tokens of one side of a block; FlexAttention's own size, or smaller to try it on short rows.
    """
    from torch.nn.attention.flex_attention import BlockMask

    part_L, is_real_R_L = rows.part_L, rows.is_real_R_L

    def mask_mod(row: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return sees(part_L, is_real_R_L, row, query, key)

    some_R_Q_K, all_R_Q_K = _blocks(rows, block)
    length = len(part_L)
    return BlockMask.from_kv_blocks(
        *_listed(some_R_Q_K & ~all_R_Q_K),
        *_listed(all_R_Q_K),
        BLOCK_SIZE=block,
        mask_mod=mask_mod,
        seq_lengths=(length, length),
    )


def _blocks(rows: BranchedRows, block: int) -> tuple[Tensor, Tensor]:
    """Bool `(R, Q, K)` twice: does any query of one block see any key of another, and does each see all?"""

    def in_blocks(marks: Tensor) -> Tensor:
        return pad(marks, (0, -marks.shape[-1] % block)).unflatten(-1, (-1, block))

    part_L = rows.part_L
    present_3_Q_1 = in_blocks(part_L == torch.tensor(PARTS, device=part_L.device)[:, None]).any(-1)[..., None]
    visible_R_3_L = torch.stack([visible_to(part, part_L) & rows.is_real_R_L for part in PARTS], dim=1)
    keys_R_3_1_K_b = in_blocks(visible_R_3_L)[:, :, None]
    some_R_Q_K = (present_3_Q_1 & keys_R_3_1_K_b.any(-1)).any(1)
    all_R_Q_K = (~present_3_Q_1 | keys_R_3_1_K_b.all(-1)).all(1)
    same = torch.eye(some_R_Q_K.shape[-1], dtype=torch.bool, device=part_L.device)
    earlier = torch.ones_like(same).tril(-1)
    within_Q_1 = in_blocks(torch.ones_like(part_L, dtype=torch.bool)).all(-1)[:, None]
    return same | (some_R_Q_K & earlier), all_R_Q_K & earlier & within_Q_1


def _listed(is_used_R_Q_K: Tensor) -> tuple[Tensor, Tensor]:
    """Int32 `(R, 1, Q)` and `(R, 1, Q, K)`: how many blocks of keys each block of queries uses, and which, in order."""
    counts = is_used_R_Q_K.sum(-1, dtype=torch.int32)
    order = is_used_R_Q_K.int().sort(dim=-1, descending=True, stable=True).indices.int()
    return counts[:, None], order[:, None]
