"""Yes, no, or neither: what a model answered to a check."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from code_caption.errors import EvidenceError

Verdict = Literal["yes", "no", "unknown"]

_WORD = re.compile(r"[^\W\d_]+")


def read_yes_no(text: str) -> Verdict:
    """Read an answer by its first word.

    >>> [read_yes_no(text) for text in ("Yes.", " yes,", "No, there is none.", "unsure", "")]
    ['yes', 'yes', 'no', 'unknown', 'unknown']
    """
    word = _WORD.search(text)
    found = "" if word is None else word.group().casefold()
    return "yes" if found == "yes" else "no" if found == "no" else "unknown"


@dataclass(frozen=True)
class Answer:
    """One answered check.

    Raises:
        EvidenceError: `answer`: `p_yes` is no probability.
    """

    p_yes: float
    """p(yes) / (p(yes) + p(no)) of the first token; of read texts, the share that said yes: an unknown counts as no."""
    is_known: bool = True
    """False: a text said neither yes nor no."""

    def __post_init__(self) -> None:
        if not 0 <= self.p_yes <= 1:
            raise EvidenceError("answer", f"p_yes must be a probability, 0 to 1; got {self.p_yes}.")

    def is_yes(self, threshold: float = 0.5) -> bool:
        """Whether it passes."""
        return self.p_yes >= threshold


UNANSWERED = Answer(0.0, is_known=False)
"""What stands for a question without a reply where one must be counted: no."""


def texts_to_answer(texts: list[str]) -> Answer:
    """One answer of several sampled texts.

    >>> texts_to_answer(["Yes.", "no", "maybe", "yes"])
    Answer(p_yes=0.5, is_known=False)
    """
    verdicts = [read_yes_no(text) for text in texts]
    return Answer(verdicts.count("yes") / max(1, len(verdicts)), bool(verdicts) and "unknown" not in verdicts)
