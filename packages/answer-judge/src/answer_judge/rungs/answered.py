"""Is there an answer at all?"""

from __future__ import annotations

from dataclasses import dataclass

from answer_judge.characters import plain
from answer_judge.extraction import UNKNOWN
from answer_judge.normalising import normalise
from answer_judge.quantities import parse_quantity
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.verdicts import UNDECIDED, Opinion, Pair

_NO_ANSWERS = {
    "", UNKNOWN, "n/a", "na", "null", "undefined", "unsure", "not sure", "i'm not sure", "i am not sure",
    "i don't know", "dont know",
    "unclear", "uncertain", "cannot tell", "can't tell", "i cannot tell", "i can't tell", "hard to say",
    "it depends", "no idea",
    "not visible", "cannot be determined", "impossible to tell", "no answer",
}  # fmt: skip
_NO_THINGS = {"none", "nothing", "none of these", "none of them"}


@dataclass(frozen=True)
class AnsweredRung(PairwiseRung):
    """Rejects `unknown`, the empty answer, and every answer to an empty reference.

    `None` and `nothing` are answers where the reference says so or is 0; any text is one where it is an option's.
    """

    name: str = "answered"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return a rejection or nothing."""
        answer, reference = (plain(text).strip(" .!?*_\"'\n\t") for text in pair[:2])
        if not plain(pair.reference).strip():
            return Opinion(False, 0.0, "the reference is empty")
        if pair.options and answer:
            return UNDECIDED
        if answer in _NO_ANSWERS or (answer in _NO_THINGS and not _says_none(reference)):
            same_signs = not answer and pair.answer.strip() == pair.reference.strip()
            return UNDECIDED if same_signs else Opinion(False, 0.0, "no answer")
        wordless = not normalise(answer) and pair.answer.strip() != pair.reference.strip()
        return Opinion(False, 0.0, "no word in the answer") if wordless else UNDECIDED


def _says_none(reference: str) -> bool:
    if reference in _NO_THINGS:
        return True
    quantity = parse_quantity(reference)
    return quantity is not None and quantity.low == quantity.high == 0
