"""What only looks like the reference."""

from __future__ import annotations

from dataclasses import dataclass

from answer_judge.aliases import AliasTable
from answer_judge.characters import is_struck_through, look_alike
from answer_judge.heads import claim_of, without_lead
from answer_judge.kinds import KindTable
from answer_judge.likeness import are_siblings
from answer_judge.lists import joined_items, split_list
from answer_judge.objections import objection
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.verdicts import UNDECIDED, Opinion, Pair


@dataclass(frozen=True)
class GuardRung(PairwiseRung):
    """Rejects what only looks like the reference: negation, swap, opposite, other number, a mere toy, a wider word."""

    table: AliasTable
    """Groups of names."""
    kinds: KindTable | None = None
    """Kinds of things; None: wider words are left to the rungs above."""
    name: str = "guard"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return a rejection or nothing."""
        why = self._characters(pair)
        if not why:
            said = self.table.canonical(claim_of(pair.answer).asserted).split()
            asked = self.table.canonical(pair.reference).split()
            why = (
                objection(pair.answer, pair.reference, said, asked)
                or self._wider(pair, asked)
                or self._more(pair, asked)
            )
        return Opinion(False, 0.0, why) if why else UNDECIDED

    def _characters(self, pair: Pair) -> str:
        word = look_alike(pair.answer, pair.reference)
        if word:
            return f"letters of another script that look Latin: {word!r}"
        struck = is_struck_through(pair.answer) and not is_struck_through(pair.reference)
        return "struck through" if struck else ""

    def _more(self, pair: Pair, asked: list[str]) -> str:
        """`dog and cat` is more than `cat`, and so is `apple banana`."""
        things = joined_items(pair.answer) or ()
        wanted = " ".join(asked)
        named = [self.table.canonical(thing) for thing in things]
        if wanted in named and any(name != wanted for name in named):
            return f"names {', '.join(things)}"
        said = self.table.canonical(pair.answer).split()
        if self.kinds is None or len(asked) != 1 or asked[0] not in said or len(split_list(pair.answer)) > 1:
            return ""
        others = [word for word in said if word != asked[0] and are_siblings(word, asked[0], self.kinds)]
        return f"names {others[0]!r} too" if others else ""

    def _wider(self, pair: Pair, asked: list[str]) -> str:
        """`bird` says less than `penguin`."""
        if self.kinds is None:
            return ""
        said = self.table.canonical(without_lead(pair.answer))
        head = self.kinds.head_of(asked)
        return f"{said!r} says less than {head!r}" if head and said in self.kinds.above(head) else ""
