"""The plain reference: attention by its formula, its matrices kept with their graph, whole `R` with its identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

NAME = "encoder_reference"
_seen: list[tuple[Any, Tensor]] = []


def _attend(module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **kwargs: Any) -> Any:
    scores = query @ key.transpose(2, 3) * kwargs["scaling"]
    if mask is not None:
        scores = scores + mask
    attention = scores.softmax(-1)
    _seen.append((module, attention))
    return (attention @ value).transpose(1, 2).contiguous(), attention


AttentionInterface.register(NAME, _attend)
AttentionMaskInterface.register(NAME, eager_mask)


def attentions(model: Any, inputs: Mapping[str, Any], towers: Sequence[Any]) -> tuple[Any, list[tuple[Any, Tensor]]]:
    """The model's output and (module, attention `(B, H, Q, K)`) in order, under the reference kernel."""
    before = [tower.config._attn_implementation for tower in towers]
    _seen.clear()
    for tower in towers:
        tower.set_attn_implementation({"": NAME})
    try:
        output = model(**inputs)
    finally:
        for tower, name in zip(towers, before, strict=True):
            tower.set_attn_implementation({"": name})
    return output, list(_seen)


def steps(scalar: Tensor, found: Sequence[Tensor]) -> list[Tensor]:
    """`Abar = mean_h max(0, A * dy/dA)` of each, `(B, Q, K)`."""
    gradients = torch.autograd.grad(scalar, list(found), retain_graph=True)
    pairs = zip(found, gradients, strict=True)
    return [(attention.detach() * gradient).clamp(min=0).mean(1) for attention, gradient in pairs]


def identity(size: int) -> Tensor:
    return torch.eye(size, dtype=torch.float64)


def rows_normalised(matrix: Tensor) -> Tensor:
    """`Rbar` row by row, as it is said: rows without relevance stay as they are."""
    rest = matrix - identity(len(matrix))
    rows = [row / row.sum() if row.sum() > 0 else row for row in rest]
    return torch.stack(rows) + identity(len(matrix))


def self_attention_matrix(steps_of_layers: Sequence[Tensor]) -> Tensor:
    """`R = (I + A_L) ... (I + A_1)` of one sample."""
    matrix = identity(steps_of_layers[0].shape[-1])
    for step in steps_of_layers:
        matrix = matrix + step @ matrix
    return matrix
