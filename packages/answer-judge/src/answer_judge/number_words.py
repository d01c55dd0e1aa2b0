"""Numbers written in words and digits, exactly, as fractions."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

_SMALL_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen
"""
_SMALL = {word: number for number, word in enumerate(_SMALL_WORDS.split())} | {"none": 0}
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * number for number, word in enumerate(_TENS_WORDS.split(), 2)}
_SCALES = {
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
    "k": 1000,
}
_PARTS = {
    "half": (1, 2), "halves": (1, 2), "quarter": (1, 4), "quarters": (1, 4), "third": (1, 3), "thirds": (1, 3),
    "fourth": (1, 4), "fourths": (1, 4), "fifth": (1, 5), "fifths": (1, 5), "sixth": (1, 6), "sixths": (1, 6),
    "eighth": (1, 8), "eighths": (1, 8), "tenth": (1, 10), "tenths": (1, 10),
}  # fmt: skip
_DIGITS = re.compile(r"(?:\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})(?:e[+-]?\d{1,2})?")
_FRACTION = re.compile(r"(\d{1,12})/(\d{1,12})")


class Number(NamedTuple):
    """A number at the beginning of some tokens."""

    value: Fraction
    """Exact."""
    decimals: int
    """Digits after the point as written; 0 for words and fractions."""
    length: int
    """How many tokens it took."""


def leading_number(tokens: list[str]) -> Number | None:
    """Return the number that some lower-case tokens begin with.

    >>> leading_number("two hundred and five dogs".split())
    Number(value=Fraction(205, 1), decimals=0, length=4)
    >>> leading_number("1 1/2 cups".split()).value, leading_number("a third".split()).value
    (Fraction(3, 2), Fraction(1, 3))
    """
    sign, skipped = (-1, 1) if tokens and tokens[0] in ("minus", "negative") else (1, 0)
    found = _digits(tokens[skipped:]) or _in_words(tokens[skipped:])
    return found and Number(sign * found.value, found.decimals, found.length + skipped)


def _digits(tokens: list[str]) -> Number | None:
    if not tokens:
        return None
    fraction = _as_fraction(tokens[0])
    if fraction is not None:
        return Number(fraction, 0, 1)
    if not _DIGITS.fullmatch(tokens[0]):
        return None
    value, length = Fraction(tokens[0]), 1
    decimals = len(tokens[0].partition("e")[0].partition(".")[2])
    rest = _as_fraction(tokens[1]) if len(tokens) > 1 else None
    if rest is not None and rest < 1 and not decimals:
        return Number(value + rest, 0, 2)
    while length < len(tokens) and tokens[length] in _SCALES and length < 3:
        value, decimals, length = value * _SCALES[tokens[length]], 0, length + 1
    return Number(value, decimals, length)


def _as_fraction(token: str) -> Fraction | None:
    match = _FRACTION.fullmatch(token)
    if not match or not int(match[2]) or (int(match[1]) >= int(match[2]) > 16):  # 50/50 and 24/7 are no numbers
        return None
    return Fraction(int(match[1]), int(match[2]))


def _in_words(tokens: list[str]) -> Number | None:
    part = _part(tokens)
    if part:
        return part
    whole, length = _whole(tokens)
    if whole is None:
        return None
    value, decimals = Fraction(whole), 0
    if tokens[length : length + 1] == ["point"]:
        digits = _digits_in_words(tokens[length + 1 :])
        if digits:
            return Number(Fraction(f"{whole}.{digits}"), len(digits), length + 1 + len(digits))
    if tokens[length : length + 1] == ["and"]:
        extra = _part(tokens[length + 1 :])
        if extra:
            value, length = value + extra.value, length + 1 + extra.length
    return Number(value, decimals, length)


def _part(tokens: list[str]) -> Number | None:
    """`half`, `a third`, `three quarters`, `half a dozen`."""
    count = 1 if tokens and tokens[0] in ("a", "an", "one") else None
    if tokens and tokens[0] in _SMALL and tokens[0] not in ("none", "zero"):
        count = _SMALL[tokens[0]]
    start = 0 if count is None else 1
    if tokens[start : start + 1] and tokens[start] in (
        _PARTS if start else ("half", "quarter")
    ):  # a bare third is a rank
        top, bottom = _PARTS[tokens[start]]
        length = start + 1
        if (
            tokens[start] in ("half", "quarter", "third")
            and tokens[length : length + 1]
            and tokens[length] in ("a", "an", "of")
        ):
            length += 1
            if tokens[length : length + 1] == ["dozen"]:
                return Number(Fraction(12 * top, bottom), 0, length + 1)
        return Number(Fraction((1 if count is None else count) * top, bottom), 0, length)
    return None


def _whole(tokens: list[str]) -> tuple[int | None, int]:
    """Return a whole number and how many tokens it took; `a hundred` counts, `a dog` does not."""
    total, group, taken = 0, None, 0
    for at, token in enumerate(tokens):
        if _joins(tokens, at, taken):
            continue
        if token in _SMALL and (group is None or (group % 10 == 0 and group % 100 != 10)):
            group = (group or 0) + _SMALL[token]
        elif token in _TENS and (group is None or group % 100 == 0):
            group = (group or 0) + _TENS[token]
        elif token in ("hundred", "dozen") and (group or 0) < 100:
            group = (1 if group is None else group) * _SCALES[token]
        elif token in _SCALES:
            total, group = total + (1 if group is None else group) * _SCALES[token], None
        else:
            break
        taken = at + 1
    return (total + (group or 0), taken) if taken else (None, 0)


def _joins(tokens: list[str], at: int, taken: int) -> bool:
    """Whether a token only links: `a` in `a hundred`, `and` in `two hundred and five`."""
    rest = tokens[at + 1 :]
    leads = not at and tokens[at] in ("a", "an") and bool(rest) and rest[0] in _SCALES
    return leads or (tokens[at] == "and" and bool(taken) and _continues(rest))


def _continues(tokens: list[str]) -> bool:
    """After `and`: `two hundred and five` goes on, `five and a half` does not."""
    follows = bool(tokens) and (tokens[0] in _SMALL or tokens[0] in _TENS)
    return follows and not (len(tokens) > 1 and tokens[1] in _PARTS)


def _digits_in_words(tokens: list[str]) -> str:
    digits = ""
    for token in tokens:
        if _SMALL.get(token, 10) > 9 or token == "none":
            break
        digits += str(_SMALL[token])
    return digits[:15]
