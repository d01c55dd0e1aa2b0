"""A rung that looks at each pair by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from answer_judge.verdicts import Opinion, Pair


class PairwiseRung(ABC):
    """Judges pair by pair; a rung defines `opinion`."""

    def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """Return one opinion for each pair, in order."""
        return [self.opinion(pair) for pair in pairs]

    @abstractmethod
    def opinion(self, pair: Pair) -> Opinion:
        """Return the opinion on one pair."""
