"""Small numbers in words, as they are written and as they are read."""

from __future__ import annotations

import re

_TEENS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {
    **{word: value for value, word in enumerate(_TEENS)},
    **{word: 10 * value for value, word in enumerate(_TENS, 2)},
    "no": 0,
    "none": 0,
}

_NUMBER = re.compile(
    rf"\b(?:(?P<digits>\d{{1,3}}(?:,\d{{3}}){{1,4}}|\d{{1,15}})"
    rf"|(?P<tens>{'|'.join(_TENS)})(?:[ -](?P<ones>{'|'.join(_TEENS[1:10])}))?"
    rf"|(?P<word>{'|'.join((*_TEENS, 'none', 'no'))}))\b",
    re.IGNORECASE,
)


def number_word(count: int) -> str:
    """A number as a word up to twenty, in digits from there on.

    >>> number_word(3), number_word(20), number_word(21)
    ('three', 'twenty', '21')
    """
    return (*_TEENS, "twenty")[count] if 0 <= count <= 20 else str(count)


def read_number(text: str) -> int | None:
    """The first number in a text, in digits or in words up to ninety-nine; None: there is none.

    >>> [read_number(text) for text in ("There are three.", "1,200 cups", "Twenty-one", "None.", "many")]
    [3, 1200, 21, 0, None]
    """
    found = _NUMBER.search(text)
    if found is None:
        return None
    digits, tens, ones, word = found.group("digits", "tens", "ones", "word")
    if digits:
        return int(digits.replace(",", ""))
    return sum(_VALUES[part.lower()] for part in (tens, ones, word) if part)
