"""Orders of rows whose batches are alike in length, or in length and kind, so that little is padded."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from llava_train.checking import CheckedRows
from llava_train.dialogue import read_dialogue
from llava_train.settings import SftSettings

_MOST_GROUPS = 50
"""Groups that one pool is sorted into, as in transformers' `LengthGroupedSampler`."""


def grouped_order(
    lengths: Sequence[int], *, group_size: int, seed: int, epoch: int, kinds: Sequence[bool] | None = None
) -> list[int]:
    """An order of rows in which each `group_size` rows in turn are of similar length, and of one kind if asked.

    Rows are shuffled, sorted by length within pools of at most 50 groups (or a quarter of the rows, if that is less),
    cut into groups, and the groups are shuffled. Rows that fill no group come last; with kinds, one group there may mix
    them.

    Source: `LengthGroupedSampler` of transformers and `get_modality_length_grouped_indices` of LLaVA
    (github.com/haotian-liu/LLaVA, llava/train/llava_trainer.py), which sorts the rows of one optimiser step alone.

    >>> order = grouped_order([1, 9, 2, 8, 1, 9, 2, 8], group_size=2, seed=0, epoch=0, kinds=[False, True] * 4)
    >>> sorted(order), all(order[k] % 2 == order[k + 1] % 2 for k in range(0, 8, 2))
    ([0, 1, 2, 3, 4, 5, 6, 7], True)
    """
    draw = random.Random(f"{seed}/{epoch}")
    groups: list[list[int]] = []
    rest: list[int] = []
    for kind in (True, False):
        members = [k for k in range(len(lengths)) if (kinds[k] if kinds is not None else True) is kind]
        draw.shuffle(members)
        whole = len(members) // group_size * group_size
        groups += _sorted_groups(members[:whole], lengths, group_size)
        rest += sorted(members[whole:], key=lambda k: -lengths[k])
    draw.shuffle(groups)
    return [k for group in [*groups, rest] for k in group]


def _sorted_groups(members: Sequence[int], lengths: Sequence[int], group_size: int) -> list[list[int]]:
    pool = group_size * min(_MOST_GROUPS, max(2, len(members) // (4 * group_size)))
    ranked: list[int] = []
    for start in range(0, len(members), pool):
        ranked += sorted(members[start : start + pool], key=lambda k: -lengths[k])
    return [ranked[start : start + group_size] for start in range(0, len(ranked), group_size)]


class GroupedRows:
    """A sampler for a data loader: `grouped_order` of the epoch that it is told."""

    def __init__(self, lengths: Sequence[int], kinds: Sequence[bool] | None, *, group_size: int, seed: int) -> None:
        self._lengths = lengths
        self._kinds = kinds
        self._group_size = group_size
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which pass over the rows comes next; the order is that of seed and epoch alone."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        order = {"group_size": self._group_size, "seed": self._seed, "epoch": self._epoch}
        return iter(grouped_order(self._lengths, kinds=self._kinds, **order))


def order_rows(checked: CheckedRows, settings: SftSettings, *, processes: int) -> GroupedRows | None:
    """The sampler that the settings ask for, with groups of one batch for each process; None: the trainer's own."""
    if settings.group_by == "none":
        return None
    by_kind = settings.group_by == "modality_length"
    kinds = [bool(read_dialogue(row).images) for row in checked.kept] if by_kind else None
    return GroupedRows(checked.lengths, kinds, group_size=settings.batch_size * processes, seed=settings.seed)
