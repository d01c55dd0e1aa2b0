"""Names of things in one spelling, so that a caption, a list of classes and a detector mean the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache

from code_caption.errors import SettingsError
from code_caption.words.nouns import singular

MOST_CHARACTERS = 60
"""What is longer is no name of a thing but text that ran on."""

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_WORD = re.compile(r"[^\W_]+(?:['&-][^\W_]+)*")
_PLAIN_WORD = re.compile(r"[^\W_]+")
_BREAK = re.compile(r"[^\w\s'-]+|(?<![\w-])(?:an?|the)\s+")


def words(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, hyphens and apostrophes kept; underscores and all other marks part words.

    >>> words("A T-shirt,\\nthe chef’s_hat")
    ('a', 't-shirt', 'the', "chef's", 'hat')
    """
    return tuple(_WORD.findall(_folded(text)))


@lru_cache(maxsize=1 << 14)
def normal_name(text: str) -> str:
    """A name in lower case and the singular, without underscores and what stands in brackets; may be empty.

    >>> normal_name("Bow_(decorative_ribbons)"), normal_name(" Tennis  Rackets")
    ('bow', 'tennis racket')
    """
    return singular(" ".join(words(_BRACKETS.sub(" ", text))))


def is_name(text: str) -> bool:
    """Whether a text is a name as `normal_name` writes it: at least a letter, at most `MOST_CHARACTERS` characters."""
    return len(text) <= MOST_CHARACTERS and normal_name(text) == text and any(map(str.isalpha, text))


@lru_cache(maxsize=1 << 14)
def spelling(name: str) -> str:
    """A name to compare by: each word in the singular, written as one (`fire-trucks`, `firetruck`); may be empty."""
    return "".join(_keys(_folded(_BRACKETS.sub(" ", name))))


def names_one_of(text: str, spellings: Collection[str]) -> bool:
    """Whether neighbouring words of a text are one of the spellings, with no article or mark between them."""
    return next(names_among(text, spellings), None) is not None


def names_among(text: str, spellings: Collection[str]) -> Iterator[str]:
    """The spellings that neighbouring words of a text are; several of one place too.

    >>> list(names_among("A red sports car.", {spelling("sports car"), spelling("cars"), spelling("bus")}))
    ['sportcar', 'car']
    """
    longest = max(map(len, spellings), default=0)
    for part in _BREAK.split(_folded(text)):
        keys = _keys(part)
        for start in range(len(keys)):
            yield from _runs_in(keys[start:], spellings, longest)


def require_several(name: str, texts: object) -> None:
    """Make sure that a collection of texts is not one text, whose characters would pass for texts.

    Raises:
        SettingsError: it is.
    """
    if isinstance(texts, str):
        raise SettingsError(name, f"{name} must be several texts; got {texts[:40]!r}. Put it in a list.")


def _runs_in(keys: list[str], spellings: Collection[str], longest: int) -> Iterator[str]:
    run = ""
    for key in keys:
        run += key
        if len(run) > longest:
            return
        if run in spellings:
            yield run


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("’", "'").lower()


def _keys(folded: str) -> list[str]:
    return [singular(word) for word in _PLAIN_WORD.findall(re.sub(r"'s\b", "", folded))]
