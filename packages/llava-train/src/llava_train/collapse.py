"""Is a model that learns from its own answers losing its variety?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class Collapse:
    """How much the answers of one round differ; watch how the numbers move from round to round."""

    answers: int
    """Answers looked at."""
    distinct_share: float
    """Distinct answers per answer, 0 to 1, without regard to case and blanks; near 0 when all say the same."""
    duplicate_share: float
    """Share of answers, 0 to 1, that are the most frequent one."""
    mean_words: float
    """Mean length in words, split at blanks."""
    distinct_words: int
    """Words in use, in lower case."""
    agreement: float | None
    """Of two answers to one question, how often they come to the same result, 0 to 1; 1 when sampling says nothing
    new. None where no question has two answers."""


def measure_collapse(groups: Iterable[Sequence[str]], *, result: Callable[[str], object] | None = None) -> Collapse:
    """Measure the variety of answers, those to one question in one group.

    Args:
        groups: answers, question by question.
        result: what an answer comes to, such as its label; by default the answer itself.

    >>> found = measure_collapse([["a red cup", "A red  cup"], ["a dog", "two dogs"]])
    >>> found.distinct_share, found.duplicate_share, found.agreement
    (0.75, 0.5, 0.5)
    """
    named = result or _plain
    texts: list[str] = []
    agreements: list[float] = []
    for group in groups:
        texts += [_plain(text) for text in group]
        pairs = list(combinations([named(text) for text in group], 2))
        agreements += [sum(a == b for a, b in pairs) / len(pairs)] if pairs else []
    counts = Counter(texts)
    words = [text.split() for text in texts]
    return Collapse(
        answers=len(texts),
        distinct_share=len(counts) / len(texts) if texts else 0.0,
        duplicate_share=max(counts.values()) / len(texts) if texts else 0.0,
        mean_words=sum(map(len, words)) / len(texts) if texts else 0.0,
        distinct_words=len({word for one in words for word in one}),
        agreement=sum(agreements) / len(agreements) if agreements else None,
    )


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
