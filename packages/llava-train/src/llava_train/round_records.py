"""What rounds came to: the model at the end of each and what it is worth, and which is the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llava_train.collapse import Collapse


@dataclass(frozen=True)
class Evaluation:
    """What a model is worth, measured on rows that it never learns from."""

    score: float
    """On the validation rows, higher is better; the best round is chosen by it alone."""
    test: float | None = None
    """On the test rows: reported, and never looked at by the loop."""
    details: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())
    """Plain values to keep beside it."""


@dataclass(frozen=True)
class RoundRecord:
    """One finished round; round 0 is the base model."""

    number: int
    model: str
    """Folder or Hub id of the model at its end."""
    evaluation: Evaluation
    rows: int = 0
    """Rows that were made and kept."""
    counts: Mapping[str, int] = field(default_factory=lambda: dict[str, int]())
    collapse: Collapse | None = None
    """Of the answers that the model before it gave."""


@dataclass(frozen=True)
class Rounds:
    """All rounds, the best, and why they ended."""

    records: tuple[RoundRecord, ...]
    """Of the base model, then of each round."""
    stopped: str
    """One line for people; empty while they go on."""

    @property
    def best(self) -> RoundRecord:
        """The round with the highest validation score, the earliest of several."""
        return max(self.records, key=lambda record: (record.evaluation.score, -record.number))

    @property
    def last(self) -> RoundRecord:
        """The last round."""
        return self.records[-1]
