"""Which of a text's claims does it stand by at its end?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from answer_judge.claims import Claim, Denial, Finding, Withdrawal
from answer_judge.normalising import normalise

_REAFFIRMS = 1
"""The least weight of a claim that chooses among alternatives named before."""
_REPLACES = 2
"""The least weight of a claim that stands in for those taken back."""


def committed(found: Iterable[Finding]) -> tuple[str, ...] | None:
    """Return the alternatives that a text ends with: the firmest, and of these the last; None if it claims nothing.

    An empty tuple: all that was claimed was denied, or the text says that it has no answer.

    >>> committed([Claim(6, ("cup", "mug"), True), Claim(4, ("mug",), True)])
    ('mug',)
    """
    claims, was_denied = _standing(found)
    if not claims:
        return () if was_denied else None
    weight = max(claim.weight for claim in claims)
    firmest = [claim for claim in claims if claim.weight == weight]
    if all(claim.is_possible for claim in firmest):
        answers = _distinct(answer for claim in firmest for answer in claim.answers)
    else:
        answers = firmest[-1].answers
    return _narrowed(answers, claims[claims.index(firmest[-1]) + 1 :])


def _standing(found: Iterable[Finding]) -> tuple[list[Claim], bool]:
    """Return the claims that are neither denied nor taken back later, and whether a denial took any."""
    claims: list[Claim] = []
    taken_back: list[Claim] = []
    was_denied = False
    for one in found:
        if isinstance(one, Claim):
            claims.append(one)
        elif isinstance(one, Withdrawal):
            taken_back, claims = taken_back + claims, []
        else:
            left = _without(claims, one)
            was_denied = was_denied or bool(claims and not left)
            claims, taken_back = left, _without(taken_back, one)
    replaced = any(claim.weight >= _REPLACES for claim in claims)
    return (claims if replaced else taken_back + claims), was_denied


def _without(claims: list[Claim], denial: Denial) -> list[Claim]:
    denied = {normalise(answer) for answer in denial.answers}
    left: list[Claim] = []
    for claim in claims:
        answers = tuple(answer for answer in claim.answers if normalise(answer) not in denied)
        if answers or not claim.answers:
            left.append(claim._replace(answers=answers))
    return left if left or denial.is_flat else claims


def _narrowed(answers: tuple[str, ...], later: Sequence[Claim]) -> tuple[str, ...]:
    """Choose the one alternative that later claims come back to, be it only once without a condition."""
    names = {normalise(answer) for answer in answers}
    singles = [claim for claim in later if len(claim.answers) == 1 and claim.weight >= _REAFFIRMS]
    mentioned = names & {normalise(claim.answers[0]) for claim in singles}
    chosen = mentioned & {normalise(claim.answers[0]) for claim in singles if not claim.is_conditional}
    if len(mentioned) != 1 or not chosen:
        return answers
    return tuple(answer for answer in answers if normalise(answer) in chosen)


def _distinct(answers: Iterable[str]) -> tuple[str, ...]:
    by_name: dict[str, str] = {}
    for answer in answers:
        by_name.setdefault(normalise(answer), answer)
    return tuple(by_name.values())
