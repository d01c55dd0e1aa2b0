"""Find the names of a closed set in a text's words: the longest first, none within another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from answer_judge.label_words import Word
from answer_judge.normalising import singular


class Found(NamedTuple):
    """One name in a text."""

    label: str
    """Whose name it is."""
    first: int
    """Index of its first word."""
    end: int
    """Index behind its last word."""


class _Name(NamedTuple):
    label: str
    breaks: frozenset[int]
    """Offsets of words before which its own spelling has a comma or the like (`Pepper, bell`)."""
    begins_like_an_article: bool
    """`A320`: in `a 320 seater` the `a` is no part of it."""


class _Node:
    __slots__ = ("children", "name", "plurals")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.name: _Name | None = None
        self.plurals: dict[str, _Name | None] = {}
        """Last words in the singular; None where two labels differ in number only."""


class LabelTrie:
    """Names as paths of words. Finding takes time in proportion to a text's words, however many names there are."""

    def __init__(self) -> None:
        """Start without names."""
        self._root = _Node()

    def add(self, words: Sequence[Word], label: str) -> None:
        """Add a name; the caller sees to it that no other label has it."""
        parent = node = self._root
        for word in words:
            parent, node = node, node.children.setdefault(word.key, _Node())
        breaks = frozenset(offset for offset, word in enumerate(words) if offset and word.breaks)
        article = len(words) > 1 and words[0].key == "a" and words[1].key.isdigit() and not words[1].gap.isspace()
        node.name = _Name(label, breaks | (node.name.breaks if node.name else frozenset()), article)
        last = singular(words[-1].key)
        other = parent.plurals.get(last, node.name)
        parent.plurals[last] = node.name if other and other.label == label else None

    def find(self, words: Sequence[Word]) -> list[Found]:
        """Return the names in a text, in order; of two that overlap the longer, then the earlier."""
        every = [found for first in range(len(words)) if (found := self._longest(words, first))]
        taken = bytearray(len(words))
        kept: list[Found] = []
        for found in sorted(every, key=lambda one: (one.first - one.end, one.first)):
            # A longer name that overlaps covers the first or the last word of this one.
            if not taken[found.first] and not taken[found.end - 1]:
                taken[found.first : found.end] = b"\1" * (found.end - found.first)
                kept.append(found)
        return sorted(kept, key=lambda one: one.first)

    def _longest(self, words: Sequence[Word], first: int) -> Found | None:
        if first and not words[first].gap:
            return None
        node, best, broken = self._root, None, list[int]()
        for index in range(first, len(words)):
            word = words[index]
            if index > first and word.breaks:
                broken.append(index - first)
            child = node.children.get(word.key)
            name = child.name if child and child.name else node.plurals.get(singular(word.key))
            if name and name.breaks.issuperset(broken) and _stands_alone(words, first, index + 1, name):
                best = Found(name.label, first, index + 1)
            if child is None:
                break
            node = child
        return best


def _stands_alone(words: Sequence[Word], first: int, end: int, name: _Name) -> bool:
    """Whether a name ends where a word ends (`F-16` is not in `F-16A`; `737s` is a plural)."""
    if name.begins_like_an_article and words[first + 1].gap.isspace():
        return False
    if end == len(words) or words[end].gap:
        return True
    whole = end + 1 == len(words) or bool(words[end + 1].gap)
    return words[end].key == "s" and words[end - 1].key.isdigit() and whole
