"""Log-probabilities of tokens without ever holding the logits of all positions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from svco_loss.errors import SvcoLossError
from svco_loss.liger_projecting import liger_projector

Head = Callable[[Tensor], Tensor]
"""Output embeddings: `(N, hidden)` to logits `(N, vocabulary)`."""

Projector = Callable[[Tensor, Tensor], Tensor]
"""Hidden states `(N, hidden)` and targets `(N,)` to log-probabilities `(N,)`."""

Projection = Literal["chunked", "liger"]
"""How log-probabilities are made of hidden states."""


def projector(head: Any, projection: Projection, *, chunk_tokens: int) -> Projector:
    """Return the function that the caller chose.

    Raises:
        UnsupportedModelError: the fused kernel cannot read the output embeddings.
        SvcoLossError: the projection is not known, or not installed.
    """
    if projection == "chunked":
        return partial(token_logps, head, chunk_tokens=chunk_tokens)
    if projection == "liger":
        return liger_projector(head)
    raise SvcoLossError(f"projection must be 'chunked' or 'liger'; got {projection!r}.")


def token_logps(head: Head, hidden_N_H: Tensor, targets_N: Tensor, *, chunk_tokens: int) -> Tensor:
    """Return log p of each target, `(N,)` in float32 (float64 for float64 models).

    Logits exist for `chunk_tokens` tokens at a time; with gradients they are computed again in the backward pass.
    """
    chunks = zip(hidden_N_H.split(chunk_tokens), targets_N.split(chunk_tokens), strict=True)
    return torch.cat([_recomputed_logps(head, hidden, targets) for hidden, targets in chunks])


def _recomputed_logps(head: Head, hidden_C_H: Tensor, targets_C: Tensor) -> Tensor:
    if not torch.is_grad_enabled():
        return chunk_logps(head, hidden_C_H, targets_C)
    # Without the comparison of shapes: a frozen weight that ZeRO-3 gathers for each call is saved as the parameter
    # itself, which is empty again by the time of that comparison, and gathered once more before its own backward pass.
    # Were it not gathered, the matrix product there would fail by its shape: nothing can go wrong in silence.
    settings: dict[str, Any] = {"use_reentrant": False, "determinism_check": "none"}
    return cast(Tensor, checkpoint(chunk_logps, head, hidden_C_H, targets_C, **settings))


def chunk_logps(head: Head, hidden_C_H: Tensor, targets_C: Tensor) -> Tensor:
    """Return log p of each target, `(C,)`, from logits of all C tokens at once."""
    logits = head(hidden_C_H)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return logits.gather(1, targets_C[:, None])[:, 0] - logits.logsumexp(1)
