"""Rows put into train, validation and test: by label, by a hash of their ids, groups kept together."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, TypedDict

from selfsynthx.errors import SettingsError

Split = Literal["train", "validation", "test"]
"""Part of a set: to learn from, to choose a round by, to measure with."""

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class LabelledRow(TypedDict):
    """One labelled picture."""

    id: str
    """Unique within the set."""
    image: str
    """Path relative to the set's root."""
    label: str
    """Name of the class, for people."""
    split: str
    """One of `SPLITS`; empty where it is not decided yet."""


GroupOf = Callable[[LabelledRow], str]
"""What must not be torn apart: rows of one lesion, one patient, one leaf."""


@dataclass(frozen=True)
class Shares:
    """How much of a set goes where; the three add up to 1.

    Raises:
        SettingsError: they do not, one is negative, or nothing is left to learn from.
    """

    train: float = 0.8
    """To learn from."""
    validation: float = 0.1
    """To choose a round by."""
    test: float = 0.1
    """To measure with."""

    def __post_init__(self) -> None:
        values = [getattr(self, field.name) for field in fields(self)]
        if not all(math.isfinite(value) and value >= 0 for value in values) or abs(sum(values) - 1) > 1e-6:
            raise SettingsError(f"shares must be 0 or more and add up to 1; got {', '.join(map(str, values))}.")
        if self.train == 0:
            raise SettingsError("shares must leave something to learn from; got train 0.")

    def of(self, split: Split) -> float:
        """The share of one split."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]


def split_rows(
    rows: Sequence[LabelledRow], shares: Shares, *, seed: int, group: GroupOf | None = None
) -> list[LabelledRow]:
    """The rows, in their order, each with its split.

    Every label is divided by the shares, its first group goes to train; where a row goes depends on ids, labels and
    seed, never on its position. A group counts under its most frequent label and stays together.

    >>> rows = [LabelledRow(id=str(k), image="", label="ab"[k % 2], split="") for k in range(20)]
    >>> Counter((row["label"], row["split"]) for row in split_rows(rows, Shares(), seed=0))["a", "train"]
    8
    """
    groups: dict[str, list[LabelledRow]] = defaultdict(list)
    for row in rows:
        groups[row["id"] if group is None else group(row)].append(row)
    dealt = _dealt(groups, shares, seed)
    split_of: dict[str, Split] = {row["id"]: dealt[name] for name, members in groups.items() for row in members}
    return [_moved(row, split_of[row["id"]]) for row in rows]


def carve_validation(
    rows: Sequence[LabelledRow], share: float, *, seed: int, group: GroupOf | None = None
) -> list[LabelledRow]:
    """The rows, in their order, with a share of those to learn from made validation; others stay where they are.

    Raises:
        SettingsError: the share is not in 0 <= share < 1.
    """
    if not 0 <= share < 1:
        raise SettingsError(f"the share of validation must be 0 or more and below 1; got {share}.")
    train = [row for row in rows if row["split"] == "train"]
    dealt = split_rows(train, Shares(1 - share, share, 0.0), seed=seed, group=group)
    changed = {row["id"]: row for row in dealt}
    return [changed.get(row["id"], row) for row in rows]


def _dealt(groups: Mapping[str, Sequence[LabelledRow]], shares: Shares, seed: int) -> dict[str, Split]:
    """Each group goes where most is lacking, the first one of a label to train.

    What a label leaves over goes on to the next one, so that many small labels still come to the shares together.
    """
    by_label: dict[str, list[str]] = defaultdict(list)
    for name, members in groups.items():
        by_label[_label_of(members)].append(name)
    lacking: dict[Split, float] = dict.fromkeys(SPLITS, 0.0)
    dealt: dict[str, Split] = {}
    for label in sorted(by_label):
        names = sorted(by_label[label], key=lambda name: _rank(seed, name))
        for split in SPLITS:
            lacking[split] += shares.of(split) * sum(len(groups[name]) for name in names)
        for number, name in enumerate(names):
            dealt[name] = "train" if number == 0 else max(SPLITS, key=lambda one: round(lacking[one], 9))
            lacking[dealt[name]] -= len(groups[name])
    return dealt


def _moved(row: LabelledRow, split: Split) -> LabelledRow:
    return LabelledRow(id=row["id"], image=row["image"], label=row["label"], split=split)


def _label_of(members: Sequence[LabelledRow]) -> str:
    counts = Counter(row["label"] for row in members)
    return min(counts, key=lambda label: (-counts[label], label))


def _rank(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}/{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
