"""Other names of the same thing."""

from __future__ import annotations

from dataclasses import dataclass

from answer_judge.aliases import AliasTable
from answer_judge.heads import claim_of, head_phrase
from answer_judge.lists import split_list
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.verdicts import UNDECIDED, Opinion, Pair


@dataclass(frozen=True)
class AliasRung(PairwiseRung):
    """Accepts other names of the same thing; of a list, every item must be one."""

    table: AliasTable
    """Groups of names."""
    name: str = "alias"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return an acceptance or nothing."""
        wanted = self.table.canonical(pair.reference)
        claim = claim_of(pair.answer)
        if not wanted or (claim.denied and wanted in self.table.canonical(claim.denied)):
            return UNDECIDED
        items = split_list(claim.asserted)
        is_as_many = len(items) == len(split_list(pair.reference))  # `shower, door` is no `shower door`
        if is_as_many and self.table.canonical(claim.asserted) == wanted:
            return Opinion(True, 1.0, f"another name of {wanted!r}")
        if not all(self.table.canonical(head_phrase(item)) == wanted for item in items):
            return UNDECIDED
        return Opinion(True, 1.0, f"another name of {wanted!r}")
