"""Rejection sampling without a reward model: of each question's answers the best one, if it is right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from answer_judge.errors import SelectionError
from answer_judge.leaks import find_leak

Order = Literal["rank_then_check", "check_then_rank"]
"""Check the best answer only, as published; or take the best of those that pass."""


@dataclass(frozen=True)
class ScoredAnswer:
    """One candidate for a question."""

    text: str
    """What the model answered."""
    score: float
    """Higher is better; from `ConceptBank.score_answers`."""
    truncated: bool = False
    """Whether it was cut off at the token limit."""


@dataclass(frozen=True)
class Selection:
    """What became of one question's candidates; exactly one for each group."""

    group: int
    """Index of the question."""
    index: int | None
    """The answer taken, in its group; None: fall back on a question and answer of the caller's own wording."""
    score: float | None
    """Of the answer taken."""
    reason: str
    """One line for people."""
    rejected: tuple[int, ...] = ()
    """Answers that were checked and did not pass, the best first."""
    leaked: tuple[int, ...] = ()
    """Answers left out because they betray privileged information."""
    truncated: tuple[int, ...] = ()
    """Answers left out because they were cut off."""

    @property
    def fell_back(self) -> bool:
        """Whether no answer was taken."""
        return self.index is None


@dataclass(frozen=True)
class SelectionCounts:
    """Totals over many selections."""

    groups: int
    """Questions; `accepted + fallback`."""
    accepted: int
    """Questions whose answer was taken."""
    fallback: int
    """Questions without one."""
    rejected: int
    """Answers checked that did not pass."""
    leaked: int
    """Answers left out because they betray privileged information."""
    truncated: int
    """Answers left out because they were cut off."""


def select_answers(
    groups: Sequence[Sequence[ScoredAnswer]],
    accepts: Callable[[str], bool],
    *,
    order: Order = "rank_then_check",
    keep_truncated: bool = False,
    leak: Callable[[str], str] | None = find_leak,
) -> list[Selection]:
    """Return one selection for each question of one image, in order.

    Of equal scores the first answer is the better. Cut-off and leaking answers are left out before the ranking.

    Args:
        groups: the candidates of each question.
        accepts: whether an answer is right, such as `lambda text: labels.accepts(text, "Western Gull")`.
        order: `rank_then_check` falls back when the best answer is wrong; `check_then_rank` goes on to the next best.
        keep_truncated: leave cut-off answers in, as published.
        leak: returns the words that betray privileged information, or none; None leaves such answers in, as published.

    >>> group = [ScoredAnswer("a gull", -3.0), ScoredAnswer("a tern", -1.0)]
    >>> select_answers([group], lambda text: "gull" in text)[0].reason
    'the best answer is not accepted'
    >>> select_answers([group], lambda text: "gull" in text, order="check_then_rank")[0].index
    0

    Source: arXiv 2502.14044, answer selection.

    Raises:
        SelectionError: a score that is not a number, or an unknown order.
    """
    if order not in ("rank_then_check", "check_then_rank"):
        raise SelectionError(f"order must be 'rank_then_check' or 'check_then_rank'; got {order!r}")
    selections: list[Selection] = []
    for number, group in enumerate(groups):
        _check_scores(number, group)
        truncated = tuple(i for i, one in enumerate(group) if one.truncated and not keep_truncated)
        rest = [index for index in range(len(group)) if index not in truncated]
        leaked = tuple(index for index in rest if leak and leak(group[index].text))
        ranked = sorted((i for i in rest if i not in leaked), key=lambda index: -group[index].score)
        taken, rejected = _first_accepted(group, ranked[:1] if order == "rank_then_check" else ranked, accepts)
        score = None if taken is None else group[taken].score
        reason = _reason(taken, rejected, ranked)
        selections.append(Selection(number, taken, score, reason, rejected, leaked, truncated))
    return selections


def count_selections(selections: Iterable[Selection]) -> SelectionCounts:
    """Return the totals of a run, for the log of each round."""
    every = list(selections)
    fallback = sum(one.fell_back for one in every)
    return SelectionCounts(
        groups=len(every),
        accepted=len(every) - fallback,
        fallback=fallback,
        rejected=sum(len(one.rejected) for one in every),
        leaked=sum(len(one.leaked) for one in every),
        truncated=sum(len(one.truncated) for one in every),
    )


def _first_accepted(
    group: Sequence[ScoredAnswer], ranked: Sequence[int], accepts: Callable[[str], bool]
) -> tuple[int | None, tuple[int, ...]]:
    for tried, index in enumerate(ranked):
        if accepts(group[index].text):
            return index, tuple(ranked[:tried])
    return None, tuple(ranked)


def _reason(taken: int | None, rejected: Sequence[int], ranked: Sequence[int]) -> str:
    if taken is not None:
        return "the best answer is accepted" if not rejected else f"the best accepted answer, rank {len(rejected) + 1}"
    if not ranked:
        return "no answer is left"
    return "the best answer is not accepted" if len(rejected) < len(ranked) else "no answer is accepted"


def _check_scores(number: int, group: Sequence[ScoredAnswer]) -> None:
    for index, answer in enumerate(group):
        if math.isnan(answer.score):
            raise SelectionError(f"scores must be numbers; answer {index} of question {number} has {answer.score}")
