"""One prompt with two answers behind it, as one row: who sees whom, at which positions, and what predicts what."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from svco_loss.batches import TokenRows

PARTS = PROMPT, X, Y = 0, 1, 2


def visible_to(part: int | Tensor, key_part: Tensor) -> Tensor:
    """Return which keys' parts a query of one part may see: the prompt, and its own answer."""
    return (key_part == PROMPT) | (key_part == part)


def sees(part_L: Tensor, is_real_R_L: Tensor, row: Tensor, query: Tensor, key: Tensor) -> Tensor:
    """Return whether tokens `query` see tokens `key`; row, query and key are indices that broadcast.

    Each sees itself and what is real, earlier, and of the prompt or of its own answer. Padding sees itself too,
    because a soft-max over nothing is not a number.
    """
    allowed = (key <= query) & is_real_R_L[row, key] & visible_to(part_L[query], part_L[key])
    return allowed | (key == query)


@dataclass(frozen=True)
class BranchedRows:
    """R rows [prompt | answer x | answer y] of L tokens; padding stays where it is and is seen by none."""

    ids_R_L: Tensor
    """int64; padding holds `filler`."""
    is_real_R_L: Tensor
    """bool."""
    part_L: Tensor
    """int64: PROMPT, X or Y."""

    @classmethod
    def of(cls, prompt: TokenRows, answer_x: TokenRows, answer_y: TokenRows, filler: int) -> BranchedRows:
        """Put both answers behind each prompt; `filler` is any id that the model gives no special meaning."""
        parts = (prompt, answer_x, answer_y)
        real = torch.cat([part.is_real_B_T for part in parts], dim=1)
        ids = torch.cat([part.ids_B_T for part in parts], dim=1).masked_fill(~real, filler)
        widths = torch.tensor([part.ids_B_T.shape[1] for part in parts], device=ids.device)
        return cls(ids, real, torch.arange(3, device=ids.device).repeat_interleave(widths))

    @property
    def prompt_width(self) -> int:
        """P: columns of the prompt, padding included."""
        return int((self.part_L == PROMPT).sum())

    def sees_R_L_L(self) -> Tensor:
        """bool: which token (last axis) each token (middle axis) sees, by `sees`."""
        rows, length = self.is_real_R_L.shape
        columns = torch.arange(length, device=self.part_L.device)
        row_R_1_1 = torch.arange(rows, device=self.part_L.device)[:, None, None]
        return sees(self.part_L, self.is_real_R_L, row_R_1_1, columns[:, None], columns)

    def positions(self, prompt_positions: Tensor | None = None) -> Tensor:
        """int64 `(R, L)` or `(axes, R, L)`: positions; both answers begin one after the prompt's largest position.

        Args:
            prompt_positions: `(axes, R, P)`, for models that place image tokens on several axes (M-RoPE); None: the
                prompt's tokens are counted from 0.
        """
        counted = self._counted(PROMPT)[None] if prompt_positions is None else prompt_positions
        real = self.is_real_R_L[:, : self.prompt_width]
        first_R = counted.masked_fill(~real, -1).amax(dim=(0, 2)) + 1
        answers = [(first_R[:, None] + self._counted(part)).expand(len(counted), -1, -1) for part in (X, Y)]
        positions = torch.cat([counted, *answers], dim=2)
        return positions[0] if prompt_positions is None else positions

    def _counted(self, part: int) -> Tensor:
        """`(R, width)`: 0, 1, 2... over the real tokens of one part; 0 in padding before them."""
        return (self.is_real_R_L[:, self.part_L == part].cumsum(1) - 1).clamp_min(0)

    def answer_places(self) -> tuple[Tensor, Tensor]:
        """bool `(R, L)` of the answers' real tokens, and int64 `(R, L)`: the column whose output predicts each of them.

        The first token of an answer is predicted by the last of the prompt, any other by the one before it.
        """
        is_answer = self.is_real_R_L & (self.part_L != PROMPT)
        columns = torch.arange(len(self.part_L), device=self.part_L.device)
        follows = self.is_real_R_L & pad(self.is_real_R_L[:, :-1], (1, 0))
        follows &= pad(self.part_L[1:] == self.part_L[:-1], (1, 0))
        last_R = columns[: self.prompt_width].masked_fill(~self.is_real_R_L[:, : self.prompt_width], -1).amax(1)
        return is_answer, torch.where(follows, columns - 1, last_R[:, None])
