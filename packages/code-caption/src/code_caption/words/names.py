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


def is_one_name(a: str, b: str) -> bool:
    """Whether two names are spelled alike, in any number and case.

    >>> is_one_name("Fire-truck", "firetrucks"), is_one_name("dog", "guide dog")
    (True, False)
    """
    return spelling(a) == spelling(b)


def names_one_of(text: str, spellings: Collection[str]) -> bool:
    """Whether neighbouring words of a text are one of the spellings, with no article or mark between them."""
    return next(names_among(text, spellings), None) is not None


def names_among(text: str, spellings: Collection[str]) -> Iterator[str]:
    """The spellings that neighbouring words of a text are; several of one place too.

    >>> list(names_among("A red sports car.", {spelling("sports car"), spelling("cars"), spelling("bus")}))
    ['sportcar', 'car']
    """
    yield from (name for name, _ in mentions_among(text, spellings))


def mentions_among(text: str, spellings: Collection[str]) -> Iterator[tuple[str, str]]:
    """The same, each with the words as they stand there, in lower case.

    >>> list(mentions_among("Two Sports cars.", {spelling("sports car")}))
    [('sportcar', 'sports cars')]
    """
    longest = max(map(len, spellings), default=0)
    for part in _BREAK.split(_folded(text)):
        written = _plain_words(part)
        keys = [singular(word) for word in written]
        for start in range(len(keys)):
            runs = _runs_in(keys[start:], spellings, longest)
            yield from ((name, " ".join(written[start : start + length])) for name, length in runs)


def require_several(name: str, texts: object) -> None:
    """Make sure that a collection of texts is not one text, whose characters would pass for texts.

    Raises:
        SettingsError: it is.
    """
    if isinstance(texts, str):
        raise SettingsError(name, f"{name} must be several texts; got {texts[:40]!r}. Put it in a list.")


def _runs_in(keys: list[str], spellings: Collection[str], longest: int) -> Iterator[tuple[str, int]]:
    """Spellings that the first words are, each with their number."""
    run = ""
    for length, key in enumerate(keys, 1):
        run += key
        if len(run) > longest:
            return
        if run in spellings:
            yield run, length


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("’", "'").lower()


def _keys(folded: str) -> list[str]:
    return [singular(word) for word in _plain_words(folded)]


def _plain_words(folded: str) -> list[str]:
    return _PLAIN_WORD.findall(re.sub(r"'s\b", "", folded))
