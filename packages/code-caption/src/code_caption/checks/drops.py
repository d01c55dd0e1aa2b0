"""What a rule left out, and why: the unit in which filtering is counted and shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Drop:
    """One thing that did not pass one rule."""

    rule: str
    """`existence`, `counting`, `captions`, `relations`, `reading` or `image`."""
    reason: str
    """A slug to count by."""
    what: str
    """The name of the element, both names of a pair, or empty for the image."""
    keys: tuple[int, ...] = ()
    """Of the sightings."""
    detail: str = ""
    """Numbers or the text that decided."""


def count_drops(drops: Iterable[Drop]) -> dict[str, dict[str, int]]:
    """How many of each reason, rule by rule.

    >>> count_drops([Drop("existence", "said_no", "duck"), Drop("existence", "said_no", "cup")])
    {'existence': {'said_no': 2}}
    """
    counted = Counter((drop.rule, drop.reason) for drop in drops)
    rules = sorted({rule for rule, _ in counted})
    return {rule: {reason: n for (r, reason), n in sorted(counted.items()) if r == rule} for rule in rules}
