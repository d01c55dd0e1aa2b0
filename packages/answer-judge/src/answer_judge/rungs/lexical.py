"""The same noun with more said about it."""

from __future__ import annotations

from dataclasses import dataclass

from answer_judge.aliases import AliasTable
from answer_judge.heads import claim_of, head_phrase
from answer_judge.kinds import KindTable
from answer_judge.likeness import is_a_kind_of
from answer_judge.lists import split_list
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.verdicts import UNDECIDED, Opinion, Pair


@dataclass(frozen=True)
class LexicalRung(PairwiseRung):
    """Accepts a kind of the reference (`tennis racket`, `poodle`); of a list, every item must be one."""

    table: AliasTable
    """Groups of names."""
    kinds: KindTable | None = None
    """Kinds of things; None: a kind counts only if it ends in the same noun."""
    name: str = "lexical"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return an acceptance or nothing."""
        wanted = self.table.canonical(pair.reference)
        items = split_list(claim_of(pair.answer).asserted)
        scores = [is_a_kind_of(self.table.canonical(head_phrase(item)), wanted, self.kinds) for item in items]
        if not all(scores):
            return UNDECIDED
        return Opinion(True, min(scores), f"a kind of {wanted!r}, or the same with more said about it")
