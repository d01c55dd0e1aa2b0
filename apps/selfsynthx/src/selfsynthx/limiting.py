"""A labelled set cut down for a smoke run: a few labels, each with pictures to learn from and to measure with."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, zip_longest

from selfsynthx.datasets import LabelledRow, LabelledSet
from selfsynthx.datasets.splits import SPLITS
from selfsynthx.errors import SettingsError

LEAST = 4
"""Smallest limit: two labels, and for each a picture to choose a round on and one to measure with."""

_PER_LABEL = 4


def limited_set(found: LabelledSet, limit: int | None) -> LabelledSet:
    """The set with one label for each four rows of the limit, at least two, labels in turn.

    The limit itself is applied to each source later; rows are put in an order that leaves every split and label some.

    Raises:
        SettingsError: the limit is too small for a run.
    """
    if limit is None:
        return found
    if limit < LEAST:
        raise SettingsError(f"--limit must be {LEAST} or more, for two labels in every split; got {limit}.")
    labels = found.labels[: max(2, limit // _PER_LABEL)]
    rows = [row for split in SPLITS for row in _in_turn(found.of_split(split), labels)]
    return replace(found, rows=tuple(rows))


def alternated(first: Iterable[LabelledRow], second: Iterable[LabelledRow]) -> list[LabelledRow]:
    """Rows of two splits in turn."""
    return [row for row in chain.from_iterable(zip_longest(first, second)) if row is not None]


def _in_turn(rows: Iterable[LabelledRow], labels: Iterable[str]) -> list[LabelledRow]:
    """Rows of some labels, the first of each, then the second of each..."""
    every = list(rows)
    queues = [[row for row in every if row["label"] == label] for label in labels]
    return [row for row in chain.from_iterable(zip_longest(*queues)) if row is not None]
