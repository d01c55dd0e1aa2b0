"""Numbers, with or without a unit."""

from __future__ import annotations

from dataclasses import dataclass

from answer_judge.heads import claim_of
from answer_judge.quantities import parse_quantity
from answer_judge.quantity_agreement import compared
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.verdicts import UNDECIDED, Opinion, Pair


@dataclass(frozen=True)
class NumberRung(PairwiseRung):
    """Decides where the reference and the answer are numbers, ranges or measurements."""

    tolerance: float = 0.0
    """Relative difference that is let pass beyond rounding to the reference's written decimals."""
    needs_unit: bool = True
    """Whether `5` is wrong where the reference is `5 cm`; `5 cm` is right where it is `5`."""
    name: str = "number"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return a decision about quantities."""
        reference = parse_quantity(pair.reference)
        if reference is None:
            return UNDECIDED
        answer = parse_quantity(claim_of(pair.answer).asserted)
        if answer is None:
            return UNDECIDED
        return compared(answer, reference, tolerance=self.tolerance, needs_unit=self.needs_unit)
