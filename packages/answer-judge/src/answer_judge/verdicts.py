"""What a judge is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Pair(NamedTuple):
    """An answer of a few words, and what would be right."""

    answer: str
    """As extracted; alternatives joined by commas."""
    reference: str
    """The right answer; with options, a letter or a text."""
    options: Mapping[str, str] | None = None
    """Letters and texts that the question offered, in its order; None for an open question."""


@dataclass(frozen=True)
class Verdict:
    """Is the answer right, and which rung says so?

    >>> bool(Verdict(False, "none", 0.0, "no rung accepts"))
    False
    """

    accepted: bool
    """True: right."""
    rung: str
    """Name of the rung that decided; `none` if none did, which rejects."""
    score: float
    """In [-1, 1]; 1.0 for equality, a cosine for the embedding rung."""
    reason: str
    """One line for people."""

    def __bool__(self) -> bool:
        return self.accepted


class Opinion(NamedTuple):
    """What one rung thinks of one pair."""

    accepted: bool | None
    """None: not for this rung to decide."""
    score: float = 0.0
    """See `Verdict.score`."""
    reason: str = ""
    """See `Verdict.reason`."""


UNDECIDED = Opinion(None)
"""Leaves a pair to the rungs above."""


class Rung(Protocol):
    """One way of judging; sees only the pairs that no rung below decided."""

    @property
    def name(self) -> str:
        """Short, unique in its ladder."""
        ...

    def __call__(self, pairs: Sequence[Pair]) -> Sequence[Opinion]:
        """Return one opinion for each pair, in order."""
        ...
