"""The rungs that need rules alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from answer_judge.aliases import AliasTable
from answer_judge.extraction import UNKNOWN
from answer_judge.likeness import head_phrase, is_a_kind_of, objection
from answer_judge.normalising import normalise
from answer_judge.verdicts import UNDECIDED, Opinion, Pair

_NO_ANSWERS = {"", UNKNOWN, "none", "n/a", "unsure", "not sure", "i don't know", "unclear", "nothing", "uncertain"}


@dataclass(frozen=True)
class AnsweredRung:
    """Rejects `unknown`, the empty answer, and every answer to an empty reference."""

    name: str = "answered"
    """Name in verdicts."""

    def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """Return one opinion for each pair, in order."""
        return [self._one(pair) for pair in pairs]

    def _one(self, pair: Pair) -> Opinion:
        if not normalise(pair.reference):
            return Opinion(False, 0.0, "the reference is empty")
        if pair.answer.strip(" .!?").casefold() in _NO_ANSWERS or not normalise(pair.answer):
            return Opinion(False, 0.0, "no answer")
        return UNDECIDED


@dataclass(frozen=True)
class ExactRung:
    """Accepts equal strings."""

    name: str = "exact"
    """Name in verdicts."""

    def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """Return one opinion for each pair, in order."""
        equal = Opinion(True, 1.0, "equal")
        return [equal if pair.answer.strip() == pair.reference.strip() else UNDECIDED for pair in pairs]


@dataclass(frozen=True)
class NormalisedRung:
    """Accepts what differs in case, articles, punctuation, number words, plural or a blank within a compound."""

    name: str = "normalised"
    """Name in verdicts."""

    def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """Return one opinion for each pair, in order."""
        return [self._one(pair) for pair in pairs]

    def _one(self, pair: Pair) -> Opinion:
        if _items(pair.answer) != _items(pair.reference):
            return UNDECIDED
        return Opinion(True, 1.0, f"both read {normalise(pair.reference)!r}")


@dataclass(frozen=True)
class AliasRung:
    """Accepts other names of the same thing; of a list, every item must be one."""

    table: AliasTable
    """Groups of names."""
    name: str = "alias"
    """Name in verdicts."""

    def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """Return one opinion for each pair, in order."""
        return [self._one(pair) for pair in pairs]

    def _one(self, pair: Pair) -> Opinion:
        wanted = self.table.canonical(pair.reference)
        if not all(self.table.canonical(head_phrase(item)) == wanted for item in split_list(pair.answer)):
            return UNDECIDED
        return Opinion(True, 1.0, f"another name of {wanted!r}")


@dataclass(frozen=True)
class GuardRung:
    """Rejects what only looks like the reference: negation, swap, opposite, another number, a mere toy."""

    table: AliasTable
    """Groups of names."""
    name: str = "guard"
    """Name in verdicts."""

    def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """Return one opinion for each pair, in order."""
        return [self._one(pair) for pair in pairs]

    def _one(self, pair: Pair) -> Opinion:
        why = objection(self.table.canonical(pair.answer), self.table.canonical(pair.reference))
        return Opinion(False, 0.0, why) if why else UNDECIDED


@dataclass(frozen=True)
class LexicalRung:
    """Accepts the same noun with more said about it (`tennis racket` for `racket`); of a list, every item must do."""

    table: AliasTable
    """Groups of names."""
    name: str = "lexical"
    """Name in verdicts."""

    def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """Return one opinion for each pair, in order."""
        return [self._one(pair) for pair in pairs]

    def _one(self, pair: Pair) -> Opinion:
        wanted = self.table.canonical(pair.reference)
        scores = [is_a_kind_of(self.table.canonical(head_phrase(item)), wanted) for item in split_list(pair.answer)]
        if not all(scores):
            return UNDECIDED
        return Opinion(True, min(scores), f"the same noun as {wanted!r}, with other words about it")


def split_list(answer: str) -> list[str]:
    """Return the alternatives of an answer; a phrase without commas and `or` is its own only one.

    >>> split_list("a cup, a mug or a bowl")
    ['a cup', 'a mug', 'a bowl']
    """
    return [item.strip() for item in re.split(r"[,;/\n]|\bor\b", answer) if item.strip()] or [answer]


def _items(phrase: str) -> frozenset[str]:
    return frozenset(normalise(item).replace(" ", "") for item in split_list(phrase))
