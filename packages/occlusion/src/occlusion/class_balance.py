"""How evenly instances spread over kinds of things and categories, as rows for a report."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from occlusion.errors import OcclusionError
from occlusion.questions.wording import BROADEST_CATEGORY
from occlusion.words.lexicon import default_lexicon, look_up
from occlusion.words.nouns import thing_key


@dataclass(frozen=True)
class ClassCount:
    """One class and its instances."""

    name: str
    """Head lemma or category."""

    count: int
    """How many instances."""

    share: float
    """Of all instances, 0 to 1."""


@dataclass(frozen=True)
class CapEffect:
    """What a cap for each head would do."""

    most_per_head: int

    kept: int
    """Instances that would stay."""

    dropped: int
    """Instances that would go."""

    capped_heads: int
    """Heads that have more instances than the cap."""


@dataclass(frozen=True)
class ClassBalance:
    """Counts of instances by head lemma and by category, each with the most frequent first."""

    count: int
    """All instances."""

    heads: tuple[ClassCount, ...]

    categories: tuple[ClassCount, ...]

    @property
    def effective_heads(self) -> float:
        """Exponential of the entropy of heads: n heads of equal share give n, one head that has all gives 1."""
        return effective_classes([head.count for head in self.heads])

    @property
    def effective_categories(self) -> float:
        """The same of categories."""
        return effective_classes([category.count for category in self.categories])

    def cap_effect(self, most_per_head: int) -> CapEffect:
        """Say what `cap_per_head` would keep and drop.

        Raises:
            OcclusionError: `cap`: `most_per_head` is less than 1.
        """
        if most_per_head < 1:
            raise OcclusionError("cap", f"most_per_head must be at least 1; got {most_per_head}.")
        kept = sum(min(head.count, most_per_head) for head in self.heads)
        capped = sum(head.count > most_per_head for head in self.heads)
        return CapEffect(most_per_head, kept, self.count - kept, capped)

    def summary(self, caps: Sequence[int] = (10, 100, 1000)) -> dict[str, float | int]:
        """Return the figures of the balance as one plain row; of each cap, how many instances it would drop."""
        figures: dict[str, float | int] = {
            "instances": self.count,
            "heads": len(self.heads),
            "effective_heads": round(self.effective_heads, 2),
            "categories": len(self.categories),
            "effective_categories": round(self.effective_categories, 2),
            "largest_head_share": round(self.heads[0].share, 4) if self.heads else 0.0,
            "largest_category_share": round(self.categories[0].share, 4) if self.categories else 0.0,
        }
        return figures | {f"dropped_by_cap_{cap}": self.cap_effect(cap).dropped for cap in caps}

    def rows(self, *, top_heads: int | None = 20) -> list[dict[str, Any]]:
        """Return all categories and the most frequent heads (all of them when None) as plain rows."""
        counts = [("category", one) for one in self.categories] + [("head", one) for one in self.heads[:top_heads]]
        return [
            {"class": kind, "name": one.name, "instances": one.count, "share": round(one.share, 4)}
            for kind, one in counts
        ]


def class_balance(instances: Iterable[Mapping[str, Any]], *, lexicon: Mapping[str, str] | None = None) -> ClassBalance:
    """Count instances by head lemma and by category.

    Args:
        instances: rows with `head`, and with `category` where a question was written.
        lexicon: the category of rows without one; the built-in lexicon when None, `object` for unknown heads.

    >>> balance = class_balance([{"head": head} for head in ("dog", "Dogs", "cat", "xylophonist")])
    >>> [(head.name, head.count) for head in balance.heads], [one.name for one in balance.categories]
    ([('dog', 2), ('cat', 1), ('xylophonist', 1)], ['animal', 'object'])
    >>> round(balance.effective_heads, 2)
    2.83
    """
    known = default_lexicon() if lexicon is None else lexicon
    heads: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    for row in instances:
        head = thing_key(row["head"])
        heads[head] += 1
        categories[row.get("category") or look_up(head, known) or BROADEST_CATEGORY] += 1
    return ClassBalance(heads.total(), _class_counts(heads), _class_counts(categories))


def effective_classes(counts: Iterable[int]) -> float:
    """Return how many classes of equal size would be as diverse: exp of the entropy; 0.0 where there is nothing.

    Source: Hill, Ecology 54(2), 1973: the diversity number of order 1.

    >>> effective_classes([5, 5]), effective_classes([9]), effective_classes([])
    (2.0, 1.0, 0.0)
    """
    positive = [count for count in counts if count > 0]
    total = sum(positive)
    entropy = math.fsum(-count / total * math.log(count / total) for count in positive)
    return math.exp(entropy) if positive else 0.0


def _class_counts(counts: Counter[str]) -> tuple[ClassCount, ...]:
    total = counts.total()
    by_size = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(ClassCount(name, count, count / total) for name, count in by_size)
