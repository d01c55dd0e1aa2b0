"""The vision warm-up: every image token must point at the words of what its patch shows.

It stands in for the contrastive pretraining of a real vision tower: afterwards image tokens enter the language model as
sums of its own word embeddings, and carry where the thing is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from scene_world.glyphs import GLYPHS
from scene_world.questions import View
from scene_world.render import box_xyxy_px
from scene_world.rules import BACKGROUNDS
from scene_world.scene import CELL_PX, GRID
from scene_world.things import COLORS, KINDS, UNCOLORED

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_SHOWN = (*KINDS, *BACKGROUNDS, "gray")
_COLOR_NAMES = tuple(COLORS)
_SIZES = ("small", "large")
_COLUMNS = ("left", "right")
_ROWS = ("top", "bottom")
_NONE = -100
_SHARPNESS = 20.0
LABELS = 9
"""Labels of a patch: what, colour, size, glyph, column word, row word, and the box inside the cell (x0y0, x1, y1)."""


def patch_labels(view: View) -> np.ndarray[Any, Any]:
    """What each of the 16 patches shows: int `(16, LABELS)`, -100 where a label does not apply."""
    scene = view.scene
    labels = np.full((GRID * GRID, LABELS), _NONE)
    cells = np.arange(GRID * GRID)
    labels[:, 0] = _SHOWN.index(scene.background)
    labels[:, 4] = cells % GRID >= GRID // 2
    labels[:, 5] = cells // GRID >= GRID // 2
    for i, thing in enumerate(scene.things):
        row = labels[thing.cell[1] * GRID + thing.cell[0]]
        if i == view.hidden:
            row[0] = _SHOWN.index("gray")
            continue
        row[0] = _SHOWN.index(thing.kind)
        row[1] = _NONE if thing.kind in UNCOLORED else _COLOR_NAMES.index(thing.color)
        row[2] = _SIZES.index(thing.size)
        row[3] = GLYPHS.index(thing.text) if thing.text else _NONE
        x0, y0, x1, y1 = box_xyxy_px(thing)
        row[6] = (x0 % CELL_PX) // 3 * 8 + (y0 % CELL_PX) // 3
        row[7], row[8] = ((x1 - 1) % CELL_PX) // 3, ((y1 - 1) % CELL_PX) // 3
    return labels


class PatchWords(nn.Module):
    """The warm-up loss; its heads are thrown away after pretraining."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, width: int) -> None:
        super().__init__()
        ids = [_token_ids(tokenizer, words) for words in (_SHOWN, _COLOR_NAMES, _SIZES, GLYPHS, _COLUMNS, _ROWS)]
        self.words = [torch.tensor(i) for i in ids]
        self.shares = (1.0, 1.0, 0.5, 1.0, 0.25, 0.25)
        self.cell = nn.Linear(width, GRID * GRID)
        self.corner = nn.ModuleList([nn.Linear(width, n) for n in (64, 8, 8)])

    def forward(self, image_tokens_B_P_D: Tensor, embedding_V_D: Tensor, labels_B_P_K: Tensor) -> Tensor:
        """Sum of the cross entropies: words by cosine with their embeddings, place by linear heads."""
        tokens = image_tokens_B_P_D.flatten(0, 1)
        labels = labels_B_P_K.flatten(0, 1)
        unit = functional.normalize(tokens, dim=-1)
        words = functional.normalize(embedding_V_D, dim=-1)
        kind_weight = torch.where(torch.arange(len(_SHOWN)) < len(KINDS), 1.0, 0.1)
        loss = tokens.new_zeros(())
        for column, (ids, share) in enumerate(zip(self.words, self.shares, strict=True)):
            logits = unit @ words[ids].T * _SHARPNESS
            loss = loss + share * _cross_entropy(logits, labels[:, column], None if column else kind_weight)
        places = torch.arange(GRID * GRID).repeat(len(labels_B_P_K))
        loss = loss + 0.3 * functional.cross_entropy(self.cell(unit) * 5, places)
        for head, column in zip(self.corner, (6, 7, 8), strict=True):
            loss = loss + 0.3 * _cross_entropy(head(unit) * 5, labels[:, column])
        return loss

    def accuracy(self, image_tokens_B_P_D: Tensor, embedding_V_D: Tensor, labels_B_P_K: Tensor) -> dict[str, float]:
        """Share of patches whose nearest word is right, for things, colours, sizes and glyphs."""
        unit = functional.normalize(image_tokens_B_P_D.flatten(0, 1), dim=-1)
        words = functional.normalize(embedding_V_D, dim=-1)
        result: dict[str, float] = {}
        for column, name in enumerate(("thing", "color", "size", "glyph")):
            target = labels_B_P_K.flatten(0, 1)[:, column]
            used = (target != _NONE) & (target < len(KINDS) if column == 0 else target >= 0)
            hit = (unit @ words[self.words[column]].T).argmax(-1) == target
            result[name] = hit[used].float().mean().item()
        return result


def _cross_entropy(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    if not (target != _NONE).any():
        return logits.sum() * 0
    return functional.cross_entropy(logits, target, weight=weight, ignore_index=_NONE)


def _token_ids(tokenizer: PreTrainedTokenizerFast, words: tuple[str, ...]) -> list[int]:
    ids = [tokenizer.encode(f" {word}", add_special_tokens=False) for word in words]
    for word, parts in zip(words, ids, strict=True):
        if len(parts) != 1:
            raise ValueError(
                f"every word of the world must be one token; {word!r} is {len(parts)}. Rebuild the tokenizer."
            )
    return [parts[0] for parts in ids]
