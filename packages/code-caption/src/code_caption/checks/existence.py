"""The existence rule: boxes that the model confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from code_caption.checks.answers import Answer
from code_caption.checks.drops import Drop
from code_caption.checks.sightings import Sighting

RULE = "existence"


def confirm(
    sightings: Sequence[Sighting], answers: Mapping[int, Answer], *, threshold: float, control: float = 0.0
) -> tuple[list[Sighting], list[Drop]]:
    """Keep the sightings that pass.

    Args:
        sightings: of one image.
        answers: by key; one without an answer is dropped.
        threshold: least p(yes).
        control: p(yes) of a name that is certainly not there; 0: none was asked.

    Returns:
        What is kept, in order, and why the rest is not: `unanswered`, `unknown` (neither yes nor no), `said_no`, or
        `below_control`.

    >>> cup = Sighting(0, "cup", (0, 0, 9, 9))
    >>> confirm([cup], {0: Answer(0.6)}, threshold=0.5, control=0.7)[1][0].reason
    'below_control'
    """
    kept: list[Sighting] = []
    drops: list[Drop] = []
    for one in sightings:
        answer = answers.get(one.key)
        reason = _reason(answer, threshold, control)
        if reason is None:
            kept.append(one)
        else:
            detail = "" if answer is None else f"p(yes) {answer.p_yes:.2f}"
            drops.append(Drop(RULE, reason, one.name, (one.key,), detail))
    return kept, drops


def _reason(answer: Answer | None, threshold: float, control: float) -> str | None:
    if answer is None:
        return "unanswered"
    if not answer.is_yes(threshold):
        return "said_no" if answer.is_known else "unknown"
    return None if answer.p_yes >= control else "below_control"
