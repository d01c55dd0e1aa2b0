"""A or an before a label, also before model numbers that are read out letter by letter.

Names of things, plurals and mass nouns among them, are another matter: see `code_caption.NounForms`.
"""

from __future__ import annotations

import re
import unicodedata

_SPELLED_WITH_VOWEL = frozenset("AEFHILMNORSX")
"""Letters whose names begin with a vowel: an F-16, an MD-80."""

_LETTERS = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")
_MODEL = re.compile(r"[A-Z]{1,3}(?=[\s-]?\d)|[A-Z](?![^\W\d_])|[B-DF-HJ-NP-TV-Z]{2,}(?![^\W\d_])")
"""Capitals before a number, one alone, or some without a vowel; the last group must end there."""

_SOUNDS_LIKE_CONSONANT = re.compile(r"eu|ew|uni(?![dmn])|us[aeu]|ut[ei]|ura|ubiq|one(?![a-z])|once")
_SOUNDS_LIKE_VOWEL = re.compile(r"[aeiou]|hour|honest|honou?r|heir")


def with_article(name: str) -> str:
    """A name behind the article that it is spoken with.

    >>> [with_article(name) for name in ("Ovenbird", "European Goldfinch", "A320", "737-800", "MD-80", "hour")]
    ['an Ovenbird', 'a European Goldfinch', 'an A320', 'a 737-800', 'an MD-80', 'an hour']
    """
    return f"{'an' if _starts_with_vowel_sound(name.lstrip()) else 'a'} {name}"


def _starts_with_vowel_sound(name: str) -> bool:
    start = re.sub(r"^[\W_]+", "", unicodedata.normalize("NFKD", name))
    if number := _NUMBER.match(start):
        return number[0].startswith("8") or (len(number[0]) in (2, 4) and number[0].startswith(("11", "18")))
    if _MODEL.match(start):
        return start[0] in _SPELLED_WITH_VOWEL
    word = _LETTERS.match(start)
    if word is None:
        return False
    lower = word[0].lower()
    return bool(_SOUNDS_LIKE_VOWEL.match(lower)) and not _SOUNDS_LIKE_CONSONANT.match(lower)
