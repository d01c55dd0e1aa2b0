"""Re-ranking: of several captions, the one whose claims the model confirms best, with as few questions as decide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from code_caption.checks.answers import Answer


@dataclass(frozen=True)
class Candidate:
    """One caption and what it claims."""

    text: str
    phrases: tuple[str, ...]
    """Claims that can be checked."""
    mean_logprob: float = 0.0
    """By token, nats."""


@dataclass(frozen=True)
class Ranking:
    """Where a contest stands."""

    winner: int | None
    """Index of the best candidate; None: not settled, or there is none."""
    to_ask: tuple[str, ...] = ()
    """Phrases that must be answered next; empty once it is settled."""
    yes: int = 0
    """Confirmed phrases of the winner."""
    no: int = 0
    """Rejected ones."""


def rank(candidates: Sequence[Candidate], answers: Mapping[str, Answer], *, threshold: float, strict: bool) -> Ranking:
    """Find the candidate with the most confirmed less rejected phrases, or what must be asked to find it.

    Ties go to fewer rejected phrases, then to the higher log-probability, then to the first. A candidate is asked about
    only while it could still win if all its open phrases were confirmed: best-first search, so that the winner is that
    of asking everything.

    Args:
        candidates: captions.
        answers: of phrases so far.
        threshold: least p(yes) of a confirmed phrase.
        strict: however much others say, candidates with claims of which none is rejected go first, then those without
            claims, which nothing was checked of, then those with a rejected phrase.

    >>> two = [Candidate("a red cup", ("red cup",)), Candidate("a cup on a tray", ("cup", "tray"))]
    >>> rank(two, {}, threshold=0.5, strict=True).to_ask
    ('cup', 'tray')
    >>> rank(two, {"cup": Answer(0.9), "tray": Answer(0.8)}, threshold=0.5, strict=True).winner
    1
    """
    if not candidates:
        return Ranking(None)

    def hopes(index: int) -> tuple[int, int, int, float, int]:
        """The best that it can come to: more answers can only lower it."""
        one = candidates[index]
        no = _rejected(one, answers, threshold)
        place = _strict_place(one, no) if strict else 0
        return place, len(one.phrases) - 2 * no, -no, one.mean_logprob, -index

    best = max(range(len(candidates)), key=hopes)
    phrases = candidates[best].phrases
    to_ask = tuple(dict.fromkeys(phrase for phrase in phrases if phrase not in answers))
    if to_ask:
        return Ranking(None, to_ask)
    no = _rejected(candidates[best], answers, threshold)
    return Ranking(best, (), len(phrases) - no, no)


def _strict_place(candidate: Candidate, no: int) -> int:
    if not candidate.phrases:
        return 1
    return 0 if no else 2


def _rejected(candidate: Candidate, answers: Mapping[str, Answer], threshold: float) -> int:
    return sum(phrase in answers and not answers[phrase].is_yes(threshold) for phrase in candidate.phrases)
