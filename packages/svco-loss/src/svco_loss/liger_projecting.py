"""Log-probabilities of tokens by the fused kernel of liger-kernel, chosen explicitly, never fallen back from."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import metadata
from typing import Any

import torch
from torch import Tensor

from svco_loss.errors import SvcoLossError, UnsupportedModelError

OLDEST = (0, 8, 2)
"""Version of liger-kernel from which `reduction="none"` weighs the gradient of each token by its own upstream gradient;
earlier ones raise an error or weigh all tokens by the first."""


def liger_projector(head: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a function of hidden states `(N, hidden)` and targets `(N,)`: log p of each target, `(N,)` in float32.

    Raises:
        UnsupportedModelError: the output embeddings are no plain linear layer whose whole weight is on a GPU.
        SvcoLossError: liger-kernel is not installed, or too old.
    """
    _check_head(head)
    _check_library()
    if head.weight.device.type == "cpu":
        raise UnsupportedModelError("projection='liger' needs the model on a GPU; got cpu. Use projection='chunked'.")
    return fused(head)


def fused(head: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the function, of a head that was checked; its logits are made again in the backward pass."""
    # The kernel is not typed, and not installed where these types are checked.
    from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss  # pyright: ignore

    losses: Any = LigerFusedLinearCrossEntropyLoss(reduction="none")

    def project(hidden_N_H: Tensor, targets_N: Tensor) -> Tensor:
        return -losses(head.weight, hidden_N_H, targets_N, head.bias)

    return project


def _check_head(head: Any) -> None:
    # The exact type: adapters, quantised and sharded layers are subclasses or wrappers that add to weight and bias.
    if type(head) is not torch.nn.Linear or type(head.weight) is not torch.nn.Parameter:
        raise UnsupportedModelError(
            f"projection='liger' needs output embeddings that are a plain torch.nn.Linear; got {type(head).__name__} "
            f"with a {type(head.weight).__name__}. Use projection='chunked'."
        )
    # `ds_id` marks what ZeRO-3 of DeepSpeed gathers only while the layer itself is called.
    if hasattr(head.weight, "ds_id") or head.weight.shape != (head.out_features, head.in_features):
        raise UnsupportedModelError(
            "projection='liger' needs the whole weight of the output embeddings; got one that is split over devices, "
            "as by ZeRO-3. Use projection='chunked'."
        )
    if head.weight.dtype == torch.float64:
        raise UnsupportedModelError(
            "projection='liger' computes in float32; got output embeddings in float64. Use projection='chunked'."
        )


def _check_library() -> None:
    try:
        found = metadata.version("liger-kernel")
    except metadata.PackageNotFoundError:
        found = "none"
    numbers = tuple(int(number) for number in re.findall(r"\d+", found)[:3])
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise SvcoLossError(
            f"projection='liger' needs liger-kernel {oldest} or newer; got {found}. "
            f"Run: pip install 'liger-kernel>={oldest}'."
        )
