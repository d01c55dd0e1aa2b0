"""A batch of pairs as tensors: prompts, answers and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import torch
from torch import Tensor

from svco_loss.errors import BatchError


@dataclass(frozen=True)
class TokenRows:
    """B rows of token ids, padded on either side.

    Raises:
        BatchError: shapes or types are wrong, or the real tokens of a row are not one unbroken run.

    >>> TokenRows.of([[5, 6, 7], [8]]).lengths_B
    tensor([3, 1])
    """

    ids_B_T: Tensor
    """int64 `(B, T)`; what stands in padding is ignored."""
    is_real_B_T: Tensor
    """bool `(B, T)`; False: padding."""

    def __post_init__(self) -> None:
        ids, real = self.ids_B_T, self.is_real_B_T
        if ids.ndim != 2 or ids.dtype != torch.int64 or len(ids) == 0:
            raise BatchError(
                f"token ids must be int64 of shape (B, T) with B >= 1; got {ids.dtype} of shape {tuple(ids.shape)}."
            )
        if real.shape != ids.shape or real.dtype != torch.bool:
            raise BatchError(
                f"is_real must be bool of the ids' shape {tuple(ids.shape)}; got {real.dtype} of {tuple(real.shape)}."
            )
        starts_B = (real[:, 1:] & ~real[:, :-1]).sum(1) + real[:, :1].sum(1)
        if broken := (starts_B != 1).nonzero().flatten().tolist():
            raise BatchError(
                f"the real tokens of each row must be one unbroken run of at least 1; rows {broken[:8]} are not. "
                "Pad on the left or on the right, not inside, and leave no row empty."
            )

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], *, padding_side: Literal["left", "right"] = "right") -> Self:
        """Return rows of different lengths, padded to the longest.

        Raises:
            BatchError: there is no row, or an empty one, or no such side.
        """
        if padding_side not in ("left", "right"):
            raise BatchError(f"padding_side must be left or right; got {padding_side}.")
        width = max(map(len, rows), default=0)
        is_left = padding_side == "left"
        ids = torch.zeros(len(rows), width, dtype=torch.int64)
        real = torch.zeros(len(rows), width, dtype=torch.bool)
        for index, row in enumerate(rows):
            place = slice(width - len(row), width) if is_left else slice(0, len(row))
            ids[index, place] = torch.tensor(row, dtype=torch.int64)
            real[index, place] = True
        return cls(ids, real)

    @property
    def lengths_B(self) -> Tensor:
        """int64 `(B,)`: real tokens of each row."""
        return self.is_real_B_T.sum(1)

    def __len__(self) -> int:
        """Return B."""
        return self.ids_B_T.shape[0]

    def to(self, device: torch.device | str) -> Self:
        """Return the rows on a device."""
        return type(self)(self.ids_B_T.to(device), self.is_real_B_T.to(device))

    def real_rows(self) -> list[Tensor]:
        """Return the B rows without padding."""
        return [ids[real] for ids, real in zip(self.ids_B_T, self.is_real_B_T, strict=True)]


@dataclass(frozen=True)
class PairBatch:
    """B pairs: images a and b of one question, and text x of a and text y of b.

    Raises:
        BatchError: the parts have different numbers of rows, or the two sides have different image tensors.
    """

    prompt_a: TokenRows
    """The prompt with image a, up to where the answer begins: image tokens expanded, one for each image feature."""
    prompt_b: TokenRows
    """The same prompt with image b; where images differ in size, so does the number of image tokens."""
    prompt_none: TokenRows
    """The same prompt without an image."""
    answer_x: TokenRows
    """The text of image a, end token included."""
    answer_y: TokenRows
    """The text of image b, end token included."""
    images_a: Mapping[str, Tensor]
    """What the model's processor gives for the B images a, in the order of the rows: `pixel_values` and, where the
    model wants it, `image_grid_thw`. First dimensions run over images or, as in Qwen-VL, over their patches."""
    images_b: Mapping[str, Tensor]
    """The same for the B images b."""

    def __post_init__(self) -> None:
        counts = {name: len(rows) for name, rows in self._token_rows().items()}
        if len(set(counts.values())) > 1:
            raise BatchError(f"all parts must have the same number of rows; got {counts}.")
        if set(self.images_a) != set(self.images_b) or "pixel_values" not in self.images_a:
            raise BatchError(
                "images_a and images_b must hold the same tensors, pixel_values among them; got "
                f"{sorted(self.images_a)} and {sorted(self.images_b)}. Use one processor for both."
            )
        for name, tensor in self.images_a.items():
            other = self.images_b[name]
            if tensor.shape[1:] != other.shape[1:] or tensor.dtype != other.dtype:
                raise BatchError(
                    f"{name} of a and b must differ in their first dimension alone; got {tuple(tensor.shape)} "
                    f"{tensor.dtype} and {tuple(other.shape)} {other.dtype}. Process both sides in one way."
                )

    def __len__(self) -> int:
        """Return B."""
        return len(self.prompt_a)

    def to(self, device: torch.device | str) -> Self:
        """Return the batch on a device."""
        tokens = {name: rows.to(device) for name, rows in self._token_rows().items()}
        images_a = {name: tensor.to(device) for name, tensor in self.images_a.items()}
        images_b = {name: tensor.to(device) for name, tensor in self.images_b.items()}
        return type(self)(**tokens, images_a=images_a, images_b=images_b)

    def _token_rows(self) -> dict[str, TokenRows]:
        names = ("prompt_a", "prompt_b", "prompt_none", "answer_x", "answer_y")
        return {name: getattr(self, name) for name in names}
