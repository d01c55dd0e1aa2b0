"""Answers to questions of yes or no."""

from __future__ import annotations

from dataclasses import dataclass

from answer_judge.heads import without_lead
from answer_judge.normalising import words
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.verdicts import UNDECIDED, Opinion, Pair
from answer_judge.word_classes import NEGATIONS

_YES = frozenset(("yes", "yeah", "yep", "true", "correct", "right", "affirmative"))
_NO = frozenset(("no", "nope", "false", "incorrect", "wrong", "negative"))
_REFERENCES = {"yes": True, "true": True, "no": False, "false": False}
_HEDGES = frozenset(("maybe", "perhaps", "but", "however", "or", "possibly", "unless", "although", "though", "unsure"))


@dataclass(frozen=True)
class YesNoRung(PairwiseRung):
    """Decides where the reference is yes, no, true or false, by the first word, which the rest must not take back."""

    name: str = "yes-no"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return a decision if the reference is yes or no."""
        asked = _REFERENCES.get(" ".join(words(pair.reference)))
        if asked is None:
            return UNDECIDED
        said = words(without_lead(pair.answer)) or words(pair.answer)
        means = _meaning(said)
        if means is None:
            return Opinion(False, 0.0, "neither yes nor no")
        shown = f"says {'yes' if means else 'no'}"
        return Opinion(means == asked, float(means == asked), shown)


def _meaning(said: list[str]) -> bool | None:
    if not said or said[0] not in _YES | _NO:
        return None
    means, rest = said[0] in _YES, set(said[1:])
    taken_back = rest & (_NO | NEGATIONS if means else _YES - {"right", "correct"})
    return None if taken_back or rest & _HEDGES else means
