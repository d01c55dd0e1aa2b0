"""Find groups of numbers in untrusted text, in time linear in its length."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"(?P<number>(?<![\w.])[+-]?(?:(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:e[+-]?[0-9]++)?|nan|inf(?:inity)?)(?!\w)(?!\.[0-9]))"
    r"|(?P<open>[\[(])|(?P<close>[\])])|(?P<gap>[\s,;]+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
# A digit run is never given back, and no number starts inside a word, so each character is read a bounded number of
# times.


@dataclass(slots=True)
class NumberGroup:
    """Numbers with nothing but separators and brackets between them."""

    numbers: list[float] = field(default_factory=list[float])
    """Values in order; NaN and infinities included."""
    bracketed: bool = False
    """Whether they stand in brackets."""
    closed: bool = True
    """Whether every bracket that was opened is closed again."""


def number_groups(text: str) -> list[NumberGroup]:
    """Return the groups of numbers in `text`, those in brackets apart from bare ones.

    >>> [group.numbers for group in number_groups("2 dogs at [0.1, 0.2, 0.3, 0.4]")]
    [[2.0], [0.1, 0.2, 0.3, 0.4]]
    """
    groups, current, depth = list[NumberGroup](), NumberGroup(), 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if _starts_another(kind, current, depth):
            current, depth = _kept(groups, current, depth), 0
        if kind == "open":
            current.bracketed, depth = True, depth + 1
        elif kind == "close":
            depth = max(depth - 1, 0)
        elif kind == "number":
            current.numbers.append(float(match.group()))
    _kept(groups, current, depth)
    return groups


def _starts_another(kind: str, current: NumberGroup, depth: int) -> bool:
    """Whether this token ends the current group: prose, brackets after bare numbers, bare numbers after brackets."""
    before_brackets = kind == "open" and not current.bracketed
    after_brackets = kind == "number" and current.bracketed and depth == 0
    return kind == "other" or before_brackets or after_brackets


def _kept(groups: list[NumberGroup], current: NumberGroup, depth: int) -> NumberGroup:
    """Keep the current group if it holds numbers; return a new one."""
    current.closed = depth == 0
    if current.numbers:
        groups.append(current)
    return NumberGroup()
