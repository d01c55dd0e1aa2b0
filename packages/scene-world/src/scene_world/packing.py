"""Many questions about one image in one row: the image is read once, and no question sees another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scene_world.questions import Question
from scene_world.tiny_vlm import IMAGE_TOKENS
from scene_world.zoom import Zoom

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

_IGNORED = -100


@dataclass(frozen=True)
class Branch:
    """One dialogue behind the shared image: token ids, and which of them are answers (with a weight each)."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    weights: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.ids)


class Packed(NamedTuple):
    """Tensors of a packed batch of B rows, L tokens each."""

    ids_B_L: torch.Tensor
    labels_B_L: torch.Tensor
    """Answer tokens; -100 elsewhere."""
    positions_B_L: torch.Tensor
    """They restart behind the image for every branch."""
    mask_B_1_L_L: torch.Tensor
    """bool, True = may attend."""
    weights_B_L: torch.Tensor


class Encoder:
    """Turns questions and zoom dialogues into branches, in the tokens of the chat template.

    Args:
        tokenizer: the world's tokenizer.
        weight_power: an answer of n tokens weighs n ** -power a token; without it one-word answers starve.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, weight_power: float = 0.5) -> None:
        self.image_id = _single(tokenizer.convert_tokens_to_ids("<image>"))
        self.pad_id = _single(tokenizer.pad_token_id)
        self._power = weight_power
        self._encode = lru_cache(100_000)(lambda text: tuple(tokenizer.encode(text, add_special_tokens=False)))
        self.prefix: tuple[int, ...] = (*self._encode("USER: "), *[self.image_id] * IMAGE_TOKENS)

    def question(self, question: Question) -> Branch:
        """A single turn."""
        return self._branch([(f"\n{question.text} ASSISTANT:", question.answer)])

    def zoom(self, zoom: Zoom) -> Branch:
        """Two turns; the second brings the crop's image tokens."""
        where = (f"\n{zoom.where} ASSISTANT:", zoom.box_text)
        return self._branch([where, (f"\n{zoom.question} ASSISTANT:", zoom.answer)])

    def _branch(self, turns: Sequence[tuple[str, str]]) -> Branch:
        ids: list[int] = []
        labels: list[int] = []
        weights: list[float] = []
        for i, (asked, answered) in enumerate(turns):
            before = (*(self.prefix if i else ()), *self._encode(asked))
            answer = self._encode(f" {answered}</s>")
            ids += [*before, *answer]
            labels += [*[_IGNORED] * len(before), *answer]
            weights += [*[0.0] * len(before), *[len(answer) ** -self._power] * len(answer)]
        return Branch(tuple(ids), tuple(labels), tuple(weights))


def _single(token_id: Any) -> int:
    if not isinstance(token_id, int):
        raise TypeError(f"a special token must have one id; got {token_id!r}")
    return token_id


def pack(encoder: Encoder, rows: Sequence[Sequence[Branch]]) -> Packed:
    """Packs rows of branches; each branch attends to the row's image and to itself only."""
    import torch

    start = len(encoder.prefix)
    length = start + max(sum(map(len, row)) for row in rows)
    shape = (len(rows), length)
    ids = np.full(shape, encoder.pad_id)
    labels = np.full(shape, _IGNORED)
    positions = np.zeros(shape, np.int64)
    segments = np.full(shape, -1)
    weights = np.zeros(shape, np.float32)
    ids[:, :start] = encoder.prefix
    positions[:, :start] = np.arange(start)
    segments[:, :start] = 0
    for i, row in enumerate(rows):
        at = start
        for number, branch in enumerate(row, 1):
            span = slice(at, at + len(branch))
            ids[i, span], labels[i, span], weights[i, span] = branch.ids, branch.labels, branch.weights
            positions[i, span] = np.arange(start, start + len(branch))
            segments[i, span] = number
            at += len(branch)
    same = segments[:, :, None] == segments[:, None, :]
    mask = (same | ((segments[:, None, :] == 0) & (segments[:, :, None] > 0))) & np.tri(length, dtype=bool)
    tensors = (torch.from_numpy(a) for a in (ids, labels, positions, mask[:, None], weights))
    return Packed(*tensors)
