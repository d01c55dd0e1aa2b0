"""Answers that are lists: their items, and whether `or` or `and` joins them."""

from __future__ import annotations

import re

from answer_judge.normalising import normalise

_BETWEEN_ITEMS = re.compile(
    r"(?<!\d),|,(?!\d)|[;\n]|(?<!\d)/|/(?!\d)|[?!](?=\s+\S)|\.(?=\s+\S)|\bor\b|^\s*either\b", re.IGNORECASE
)
_OR = re.compile(r"\bor\b|/", re.IGNORECASE)
_AND = re.compile(r"\band\b|&", re.IGNORECASE)
_BLANK_BETWEEN_LETTERS = re.compile(r"(?<!\d) | (?!\d)")


def split_list(answer: str) -> list[str]:
    """Return the alternatives of an answer; a phrase without commas and `or` is its own only one.

    >>> split_list("a cup, a mug or a bowl"), split_list("1,000"), split_list("1/2")
    (['a cup', 'a mug', 'a bowl'], ['1,000'], ['1/2'])
    """
    if answer.isalpha():
        return [answer]
    return [item.strip() for item in _BETWEEN_ITEMS.split(answer) if item.strip()] or [answer]


def items_of(phrase: str) -> frozenset[str]:
    """Return the items of an answer as one set, each normalised, without blanks between letters, `and` in any order.

    >>> items_of("Skate park, cat and dog") == items_of("dog and cat, skatepark")
    True
    """
    return frozenset(_as_item(item) for item in split_list(phrase))


def _as_item(item: str) -> str:
    tokens = in_any_order(normalise(item).split())
    return _BLANK_BETWEEN_LETTERS.sub("", " ".join(tokens))


def joined_items(phrase: str) -> tuple[str, ...] | None:
    """Return the sorted items that `and` joins (`a knife, a fork and a spoon`); None if there is no such list.

    >>> joined_items("spoon, fork and knife")
    ('fork', 'knife', 'spoon')
    """
    if not _AND.search(phrase) or _OR.search(phrase):
        return None
    parts = (part for item in split_list(phrase) for part in _AND.split(item))
    return tuple(sorted(filter(None, (_as_item(part) for part in parts))))


def offers_a_choice(phrase: str) -> bool:
    """Whether alternatives are joined by `or` or a slash."""
    return bool(_OR.search(phrase))


def in_any_order(tokens: list[str]) -> list[str]:
    """Return tokens with the two words around each `and` sorted: `red and white` is `white and red`.

    >>> in_any_order("white and red umbrella".split())
    ['red', 'and', 'white', 'umbrella']
    """
    ordered = list(tokens)
    for at in range(1, len(ordered) - 1):
        if ordered[at] == "and":
            ordered[at - 1], ordered[at + 1] = sorted((ordered[at - 1], ordered[at + 1]))
    return ordered
