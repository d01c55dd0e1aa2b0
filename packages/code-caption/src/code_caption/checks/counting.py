"""The counting rule: as many boxes of a name as the model counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from code_caption.checks.answers import Answer
from code_caption.checks.drops import Drop
from code_caption.checks.sightings import Sighting

RULE = "counting"

CountAnswers = Mapping[tuple[str, int], Answer]
"""By name and least number."""


def recount(
    sightings: Sequence[Sighting],
    answers: CountAnswers,
    *,
    policy: Literal["drop", "shrink"],
    threshold: float,
) -> tuple[list[Sighting], list[Drop]]:
    """Keep of each name no more than are confirmed.

    One of a name is not asked about: that it is there has been confirmed already.

    Args:
        sightings: of one image, after the existence rule: numbers are those of what is left.
        answers: whether there are at least so many.
        policy: `drop` drops a name that is not confirmed in full; `shrink` keeps the most that is confirmed, at least
            one, those with the highest scores.
        threshold: least p(yes).

    Returns:
        What is kept, in order, and the rest with reason `too_many`, or `unanswered` where no number decided it.
    """
    dropped: dict[int, Drop] = {}
    for name, ones in _several(sightings).items():
        confirmed = _confirmed(name, len(ones), answers, threshold)
        if confirmed == len(ones):
            continue
        left = confirmed if policy == "shrink" else 0
        said = f"{confirmed} confirmed" if policy == "shrink" else "not confirmed"
        for number, one in enumerate(ones[left:], left + 1):
            asked = (name, number if policy == "shrink" else len(ones))
            reason = "too_many" if asked in answers else "unanswered"
            dropped[one.key] = Drop(RULE, reason, name, (one.key,), f"{len(ones)} boxes, {said}")
    return [one for one in sightings if one.key not in dropped], list(dropped.values())


def counts_to_ask(
    sightings: Sequence[Sighting], answers: CountAnswers, *, policy: Literal["drop", "shrink"], threshold: float
) -> list[tuple[str, int]]:
    """The next numbers that must be asked about, at most one for each name; empty once `recount` can decide.

    Args:
        sightings: of one image, after the existence rule.
        answers: so far; what cannot be answered stands there as no.
        policy: as in `recount`: `drop` needs the number of all, `shrink` those below as well until one is confirmed.
        threshold: least p(yes).

    >>> ducks = [Sighting(key, "duck", (0, 0, 9, 9)) for key in range(3)]
    >>> counts_to_ask(ducks, {}, policy="shrink", threshold=0.5)
    [('duck', 3)]
    >>> counts_to_ask(ducks, {("duck", 3): Answer(0.1)}, policy="shrink", threshold=0.5)
    [('duck', 2)]
    """
    wanted: list[tuple[str, int]] = []
    for name, ones in _several(sightings).items():
        number = len(ones)
        if policy == "shrink":
            while number > 1 and (name, number) in answers and not answers[name, number].is_yes(threshold):
                number -= 1
        if number > 1 and (name, number) not in answers:
            wanted.append((name, number))
    return wanted


def _several(sightings: Sequence[Sighting]) -> dict[str, list[Sighting]]:
    """Names that are there more than once, each with its sightings, the highest score first."""
    by_name: dict[str, list[Sighting]] = {}
    for one in sorted(sightings, key=lambda one: (-one.score, one.key)):
        by_name.setdefault(one.name, []).append(one)
    return {name: ones for name, ones in sorted(by_name.items()) if len(ones) > 1}


def _confirmed(name: str, number: int, answers: CountAnswers, threshold: float) -> int:
    """The largest number up to `number` that is confirmed; 1 at least."""
    passed = (n for n in range(number, 1, -1) if (name, n) in answers and answers[name, n].is_yes(threshold))
    return next(passed, 1)
