"""Whether new texts of a pair still differ in what the old ones differ in."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from svco_loss.pairs.mvc import ImagePair


class LostDifference(NamedTuple):
    """Why new texts cannot stand for the old ones."""

    reason: str
    """`same_text`, `lost_word`, `lost_order`, `other_word` or `told_by_question`."""
    detail: str
    """Which word, in one line."""


def lost_difference(old: ImagePair, new: ImagePair) -> LostDifference | None:
    """Return what the new texts lost, or None.

    Words are compared without regard to case; numbers up to twelve may be figures or words. Where the old texts hold
    the same words in another order, the words that moved must keep the order of their own text. Right rewritings in
    other words are refused too: a kept text costs variety, a wrong one teaches falsehood.
    """
    words_x, words_y, new_x, new_y = (_words(text) for text in (old.text_x, old.text_y, new.text_x, new.text_y))
    if new_x == new_y:
        return LostDifference("same_text", "both new texts hold the same words")
    only_x, only_y = _only(words_x, words_y), _only(words_y, words_x)
    sides = (("text_x", words_x, new_x, only_x, only_y), ("text_y", words_y, new_y, only_y, only_x))
    for name, own, now, kept, others in sides:
        for word in kept:
            if word not in now:
                return LostDifference("lost_word", f"{name} lost {word!r}, which tells the texts apart")
        for word in others:
            if word in now and word not in own:
                return LostDifference("other_word", f"{name} took {word!r} from the other text")
    if not only_x and not only_y:
        return _lost_order(words_x, words_y, new_x, new_y)
    return _told(old, new, {*only_x, *only_y})


def _told(old: ImagePair, new: ImagePair, telling: set[str]) -> LostDifference | None:
    told = sorted(telling & set(_words(new.question)) - set(_words(old.question)))
    return LostDifference("told_by_question", f"the question says {told[0]!r}") if told else None


def _lost_order(words_x: list[str], words_y: list[str], new_x: list[str], new_y: list[str]) -> LostDifference | None:
    for name, own, other, now in (("text_x", words_x, words_y, new_x), ("text_y", words_y, words_x, new_y)):
        moved, place_of = _moved(own, other), {word: place for place, word in enumerate(_numbered(now))}
        places = [place_of.get(word, -1) for word in moved]
        if -1 in places or places != sorted(places):
            return LostDifference("lost_order", f"{name} no longer says {[word for word, _ in moved]} in this order")
    return None


def _moved(own: list[str], other: list[str]) -> list[tuple[str, int]]:
    """Words in whose place the other text has another one, in order; both texts hold the same words.

    >>> _moved("a dog behind a cat".split(), "a cat behind a dog".split())
    [('dog', 0), ('cat', 0)]
    """
    plain, plain_other = ([word for word in words if word not in _GRAMMAR] for words in (own, other))
    texts = (own, other) if plain == plain_other else (plain, plain_other)
    here, there = (_numbered(words) for words in texts)
    return [word for word, instead in zip(here, there, strict=True) if word != instead]


def _numbered(words: list[str]) -> list[tuple[str, int]]:
    """Each word with how often it came before."""
    seen: Counter[str] = Counter()
    numbered: list[tuple[str, int]] = []
    for word in words:
        numbered.append((word, seen[word]))
        seen[word] += 1
    return numbered


def _only(own: list[str], other: list[str]) -> list[str]:
    """Words that are oftener in the one text than in the other; articles and the like only if nothing else is."""
    more = list(Counter(own) - Counter(other))
    return [word for word in more if word not in _GRAMMAR] or more


def _words(text: str) -> list[str]:
    """Words in small letters, numbers as figures.

    >>> _words("Two dogs' toys, 3 cats")
    ['2', 'dogs', 'toys', '3', 'cats']
    """
    found: list[str] = re.findall(r"\w+(?:['’-]\w+)*", text.casefold())
    return [_NUMBERS.get(word, word) for word in found]


_NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_NUMBERS = {word: str(number) for number, word in enumerate(_NUMBER_WORDS)}
_GRAMMAR = frozenset(("a", "an", "the", "is", "are", "was", "were", "be", "there", "it", "this", "that", "of", "and"))
