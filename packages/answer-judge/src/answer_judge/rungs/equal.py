"""Equal as written, equal as read, and too long to be read."""

from __future__ import annotations

from dataclasses import dataclass

from answer_judge.lists import items_of, joined_items, offers_a_choice
from answer_judge.normalising import normalise
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.verdicts import UNDECIDED, Opinion, Pair

LONGEST_ANSWER = 400
"""Characters; a longer answer, or one to a longer reference, is compared word by word and else rejected."""


@dataclass(frozen=True)
class ExactRung(PairwiseRung):
    """Accepts equal strings."""

    name: str = "exact"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return an acceptance or nothing."""
        return Opinion(True, 1.0, "equal") if pair.answer.strip() == pair.reference.strip() else UNDECIDED


@dataclass(frozen=True)
class LengthRung(PairwiseRung):
    """Decides about texts that are too long for rules about phrases, in linear time: equal words, or rejected."""

    longest: int = LONGEST_ANSWER
    """Characters of the answer, and of the reference."""
    name: str = "length"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return a decision about long texts, nothing about short ones."""
        if len(pair.answer) <= self.longest and len(pair.reference) <= self.longest:
            return UNDECIDED
        if pair.answer.casefold().split() == pair.reference.casefold().split():
            return Opinion(True, 1.0, "equal word by word")
        return Opinion(False, 0.0, f"longer than {self.longest} characters: extract the answer first")


@dataclass(frozen=True)
class NormalisedRung(PairwiseRung):
    """Accepts differences of case, articles, punctuation, number words, plural, spelling, a blank within a compound."""

    name: str = "normalised"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return an acceptance or nothing."""
        joined = joined_items(pair.answer)
        asked = joined_items(pair.reference) or tuple(sorted(items_of(pair.reference)))
        if joined is not None and len(joined) > 1 and joined == asked and not offers_a_choice(pair.reference):
            return Opinion(True, 1.0, "the same things")
        if items_of(pair.answer) != items_of(pair.reference) or not normalise(pair.reference):
            return UNDECIDED
        several = len(items_of(pair.reference)) > 1
        if several and offers_a_choice(pair.answer) != offers_a_choice(pair.reference):
            return UNDECIDED
        return Opinion(True, 1.0, f"both read {normalise(pair.reference)!r}")
