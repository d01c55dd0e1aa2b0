"""Typing errors."""

from __future__ import annotations

from dataclasses import dataclass

from answer_judge.heads import claim_of, head_phrase
from answer_judge.normalising import normalise
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.spelling import differs_by_typos
from answer_judge.verdicts import UNDECIDED, Opinion, Pair


@dataclass(frozen=True)
class SpellingRung(PairwiseRung):
    """Accepts one wrong letter in words of six letters and more, unless it makes another known word."""

    name: str = "spelling"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return an acceptance or nothing."""
        wanted = normalise(pair.reference)
        mistyped = differs_by_typos(normalise(head_phrase(claim_of(pair.answer).asserted)), wanted)
        return Opinion(True, 1 - 1 / len(wanted), f"{mistyped!r} is a typing error") if mistyped else UNDECIDED
