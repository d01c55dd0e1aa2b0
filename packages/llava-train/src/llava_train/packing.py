"""Several rows in one sequence, none of which sees another: a batch with less padding and the same loss."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from llava_train.collating import join_images
from llava_train.encoding import IGNORED, EncodedRow
from llava_train.extras import require

Token = TypeVar("Token", int, float)
RopeIndex = Callable[..., tuple[Any, Any]]
"""A model's `get_rope_index`: token ids, their kinds and grids of the images -> positions of three axes, (3, 1, T)."""


@dataclass(frozen=True)
class Packer:
    """Lays the rows of a batch into as few sequences as hold them whole.

    Which rows a batch has is not its business, so loss and gradient are those of the padded batch. Positions restart
    at each row and there is no attention mask: from such positions transformers builds masks (SDPA, eager, flex
    attention) or sequence bounds (FlashAttention) that keep rows apart, sliding windows too.
    """

    pad_id: int
    """Token that fills a sequence up; what is filled counts as a row of its own, without labels."""
    rope_index: RopeIndex | None = None
    """Of models whose positions have three axes (Qwen-VL and its relatives)."""
    least_length: int = 0
    """Sequences take at least that many tokens, and as many as the longest row."""
    in_one: bool = False
    """All rows in one sequence: FlashAttention keeps rows apart only in batches of one sequence."""

    def __call__(self, rows: Sequence[EncodedRow]) -> dict[str, Any]:
        """Lay rows into B sequences.

        Returns:
            `input_ids`, `labels` (-100 outside answers) and `loss_weights`, each (B, T), where T is the fullest
            sequence; `position_ids` (B, T), or (4, B, T) with text positions before those of the three axes; and the
            image inputs in the order in which their tokens stand.
        """
        packs = [[rows[k] for k in pack] for pack in self.plan([len(row.input_ids) for row in rows])]
        width = max(_length(pack) for pack in packs)

        def stack(columns: Callable[[EncodedRow], list[Token]], fill: Token) -> Any:
            return require("torch").tensor([_line([columns(row) for row in pack], width, fill) for pack in packs])

        batch = {
            "input_ids": stack(lambda row: row.input_ids, self.pad_id),
            "labels": stack(lambda row: [IGNORED, *row.labels[1:]], IGNORED),  # no row is asked for by the one before
            "loss_weights": stack(lambda row: [0.0, *row.weights[1:]], 0.0),
            "position_ids": require("torch").stack([self._positions(pack, width) for pack in packs], dim=-2),
        }
        if rows[0].token_types is not None:
            batch["mm_token_type_ids"] = stack(lambda row: row.token_types or [], 0)
        return batch | join_images([row.images for pack in packs for row in pack])

    def plan(self, lengths: Sequence[int]) -> list[list[int]]:
        """Which rows stand in each sequence, in order, by their lengths: as few sequences as can be, then as short."""
        if self.in_one:
            return [list(range(len(lengths)))]
        return evened(lengths, first_fit_decreasing(lengths, max(self.least_length, *lengths)))

    def _positions(self, pack: Sequence[EncodedRow], width: int) -> Any:
        """Positions of one sequence, (T,) or (4, T)."""
        torch = require("torch")
        rest = torch.arange(width - _length(pack))
        text_T = torch.cat([*(torch.arange(len(row.input_ids)) for row in pack), rest])
        if self.rope_index is None:
            return text_T
        axes = [_row_axes(self.rope_index, row) for row in pack]
        return torch.cat([text_T[None], torch.cat([*axes, rest.expand(3, -1)], dim=1)])


def first_fit_decreasing(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Numbers of items for each bin: from the longest on, each goes into the first bin that has room.

    >>> first_fit_decreasing([4, 6, 3, 2, 5], capacity=10)
    [[1, 0], [4, 2, 3]]
    """
    bins: list[list[int]] = []
    room: list[int] = []
    for item in sorted(range(len(lengths)), key=lambda k: -lengths[k]):
        place = next((k for k, free in enumerate(room) if free >= lengths[item]), None)
        if place is None:
            place = len(bins)
            bins.append([])
            room.append(capacity)
        bins[place].append(item)
        room[place] -= lengths[item]
    return bins


def evened(lengths: Sequence[int], bins: list[list[int]]) -> list[list[int]]:
    """As many bins or fewer, packed anew for the smallest capacity that first-fit decreasing finds for them.

    All bins are filled up to the fullest, so a full one beside a half empty one costs more than two even ones.

    >>> evened([4, 4, 2, 2, 2], [[0, 1, 2], [3, 4]])
    [[0, 1], [2, 3, 4]]

    Source: MULTIFIT, Coffman, Garey and Johnson, SIAM Journal on Computing 7(1), 1978.
    """
    least, fullest = max(max(lengths), -(-sum(lengths) // len(bins))), _fullest(lengths, bins)
    while least < fullest:
        middle = (least + fullest) // 2
        tried = first_fit_decreasing(lengths, middle)
        if len(tried) <= len(bins):
            bins, fullest = tried, middle
        else:
            least = middle + 1
    return bins


def _fullest(lengths: Sequence[int], bins: list[list[int]]) -> int:
    return max(sum(lengths[k] for k in one) for one in bins)


def make_packer(model: Any, *, pad_id: int, pack_length: int | None) -> Packer:
    """The packer for a loaded model of transformers."""
    decoder = model.get_decoder()
    is_flash = require("transformers.utils.generic").is_flash_attention_requested(decoder.config)
    rope_index = getattr(model.base_model, "get_rope_index", None)
    return Packer(pad_id, rope_index, least_length=pack_length or 0, in_one=is_flash)


def _row_axes(rope_index: RopeIndex, row: EncodedRow) -> Any:
    """Positions of one row's tokens on three axes, (3, T)."""
    torch = require("torch")
    known = inspect.signature(rope_index).parameters
    grids = {name: value for name, value in row.images.items() if name in known}
    kinds = {} if row.token_types is None else {"mm_token_type_ids": torch.tensor([row.token_types])}
    positions, _ = rope_index(input_ids=torch.tensor([row.input_ids]), **kinds, **grids)
    return positions[:, 0]


def _length(pack: Sequence[EncodedRow]) -> int:
    return sum(len(row.input_ids) for row in pack)


def _line(columns: Sequence[list[Token]], width: int, fill: Token) -> list[Token]:
    joined = [token for column in columns for token in column]
    return joined + [fill] * (width - len(joined))
