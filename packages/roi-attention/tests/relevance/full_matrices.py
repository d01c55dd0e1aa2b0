"""The plain reference: every attention matrix and its gradient, whole relevance matrices, no tiles and no rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

NAME = "full_matrices"
_seen: list[Tensor] = []


def _attend(module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **kwargs: Any) -> Any:
    """Attention by its formula, in the inputs' own number type (transformers' eager kernel goes through float32)."""
    repeats = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1)
    scores = query @ key.transpose(2, 3) * kwargs["scaling"]
    if kwargs.get("softcap") is not None:
        scores = torch.tanh(scores / kwargs["softcap"]) * kwargs["softcap"]
    if mask is not None:
        scores = scores + mask.to(scores.dtype).clamp_min(torch.finfo(scores.dtype).min)
    attention = scores.softmax(-1)
    if not attention.requires_grad:  # the first layer of a model whose weights are frozen
        attention.requires_grad_()
    _seen.append(attention)
    return (attention @ value).transpose(1, 2).contiguous(), attention


AttentionInterface.register(NAME, _attend)
AttentionMaskInterface.register(NAME, eager_mask)


def attention_matrices(model: Any, inputs: Mapping[str, Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Logits with their graph, and the decoder's attention matrices `(B, H, N, N)`."""
    decoder = model.get_decoder()
    before = decoder.config._attn_implementation
    _seen.clear()
    decoder.set_attn_implementation(NAME)
    try:
        logits = model(**inputs, use_cache=False).logits
    finally:
        decoder.set_attn_implementation(before)
    return logits, list(_seen)


def relevance_matrices(
    scalar: Tensor, attentions: list[Tensor], *, closed_before: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """`R = (I + A_L) ... (I + A_1)` and the sum of all `A_l`, `(B, N, N)` each, for the gradients of one scalar."""
    gradients = torch.autograd.grad(scalar, attentions, retain_graph=True)
    batch, _, length, _ = attentions[0].shape
    matrix = torch.eye(length, dtype=scalar.dtype).repeat(batch, 1, 1)
    direct = torch.zeros_like(matrix)
    for attention, gradient in zip(attentions, gradients, strict=True):
        step = (attention.detach() * gradient).clamp(min=0).mean(1)
        direct = direct + step
        if closed_before is not None:
            step = step.masked_fill((torch.arange(length) < closed_before[:, None])[..., None], 0)
        matrix = matrix + step @ matrix
    return matrix, direct


def reference_rows(
    model: Any,
    inputs: Mapping[str, Tensor],
    positions_B_T: Tensor,
    tokens_B_T: Tensor,
    weights_B_T: Tensor,
    *,
    log_prob: bool = False,
    joint: bool = False,
    closed_before: Tensor | None = None,
) -> Tensor:
    """What `relevance_rows` must give: `(B, T, N)`."""
    logits, attentions = attention_matrices(model, inputs)
    values = logits.log_softmax(-1) if log_prob else logits
    samples = torch.arange(len(positions_B_T))[:, None]
    said_B_T = values[samples, positions_B_T, tokens_B_T]
    rows = []
    whole = (said_B_T * weights_B_T).sum()
    for k in range(positions_B_T.shape[1]):
        scalar = whole if joint else said_B_T[:, k].sum()
        matrix, _ = relevance_matrices(scalar, attentions, closed_before=closed_before)
        rows.append(matrix[samples[:, 0], positions_B_T[:, k]] * weights_B_T[:, k, None])
    return torch.stack(rows, 1)
