"""Encoded rows as one padded batch of tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from llava_train.encoding import IGNORED, EncodedRow
from llava_train.extras import require

Token = TypeVar("Token", int, float)


def collate(rows: Sequence[EncodedRow], *, pad_id: int, padding_side: str = "right") -> dict[str, Any]:
    """Pad rows to the longest and stack them.

    Returns:
        `input_ids`, `attention_mask`, `labels` (-100 outside answers), `loss_weights` (0 outside answers), each (B, T),
        and the image inputs joined along their first axis, other axes filled with zeros to the largest.
    """
    torch = require("torch")
    width = max(len(row.input_ids) for row in rows)

    def stack(columns: list[list[Token]], fill: Token) -> Any:
        return torch.tensor([_pad(column, width, fill, padding_side) for column in columns])

    batch = {
        "input_ids": stack([row.input_ids for row in rows], pad_id),
        "attention_mask": stack([[1] * len(row.input_ids) for row in rows], 0),
        "labels": stack([row.labels for row in rows], IGNORED),
        "loss_weights": stack([row.weights for row in rows], 0.0),
    }
    if rows[0].token_types is not None:
        batch["mm_token_type_ids"] = stack([row.token_types or [] for row in rows], 0)
    return batch | join_images([row.images for row in rows])


def join_images(images: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The image inputs of several rows, joined along their first axis; other axes are filled with zeros to the largest.

    Rows without images have no inputs.
    """
    names = dict.fromkeys(name for inputs in images for name in inputs)
    return {name: _join([inputs[name] for inputs in images if name in inputs]) for name in names}


def _pad(column: list[Token], width: int, fill: Token, side: str) -> list[Token]:
    padding = [fill] * (width - len(column))
    return padding + column if side == "left" else column + padding


def _join(tensors: list[Any]) -> Any:
    torch = require("torch")
    shape = [max(sizes) for sizes in zip(*(tensor.shape[1:] for tensor in tensors), strict=True)]
    return torch.cat([_fill(tensor, shape) for tensor in tensors])


def _fill(tensor: Any, shape: list[int]) -> Any:
    if list(tensor.shape[1:]) == shape:
        return tensor
    filled = tensor.new_zeros(tensor.shape[0], *shape)
    filled[(slice(None), *(slice(0, size) for size in tensor.shape[1:]))] = tensor
    return filled
