"""Log-probabilities of tokens without ever holding the logits of all positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

Head = Callable[[Tensor], Tensor]
"""Output embeddings: `(N, hidden)` to logits `(N, vocabulary)`."""


def token_logps(head: Head, hidden_N_H: Tensor, targets_N: Tensor, *, chunk_tokens: int) -> Tensor:
    """Return log p of each target, `(N,)` in float32 (float64 for float64 models).

    Logits exist for `chunk_tokens` tokens at a time; with gradients they are computed again in the backward pass.
    """
    chunks = zip(hidden_N_H.split(chunk_tokens), targets_N.split(chunk_tokens), strict=True)
    return torch.cat([_recomputed_logps(head, hidden, targets) for hidden, targets in chunks])


def _recomputed_logps(head: Head, hidden_C_H: Tensor, targets_C: Tensor) -> Tensor:
    if not torch.is_grad_enabled():
        return chunk_logps(head, hidden_C_H, targets_C)
    return cast(Tensor, checkpoint(chunk_logps, head, hidden_C_H, targets_C, use_reentrant=False))


def chunk_logps(head: Head, hidden_C_H: Tensor, targets_C: Tensor) -> Tensor:
    """Return log p of each target, `(C,)`, from logits of all C tokens at once."""
    logits = head(hidden_C_H)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return logits.gather(1, targets_C[:, None])[:, 0] - logits.logsumexp(1)
