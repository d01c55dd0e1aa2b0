"""Read an answer that is a number, with what it counts or measures."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from answer_judge.characters import plain
from answer_judge.normalising import normalise, singular
from answer_judge.number_words import Number, leading_number
from answer_judge.units import LONGEST_NAME, UNITS, Unit, converted

LONGEST_QUANTITY = 120
"""Characters; a longer text is no bare quantity."""

_LEADS = re.compile(
    r"^(?:(?:final |the )?answer(?: is)?\s*:?\s+|there (?:are|is) |there's |it is |it's |they are |(?:no\.?"
    r"|number|nr\.?|#)\s*(?=\d)|exactly |precisely |only "
    r"|just |a total of |in total |i (?:see|count) |the )+"
)
_ABOUT = re.compile(
    r"^(?:about|around|approximately|approx\.?|roughly|circa|nearly|almost|some|~|ca\.?)\s*(?=[\d$€£¥.a-z-])"
)
_BOUNDS = {
    ">": "more than|over|above|greater than|upwards of|exceeding|>",
    ">=": "at least|no less than|not less than|a minimum of|minimum|>=|≥",
    "<": "less than|under|below|fewer than|smaller than|<",
    "<=": "at most|up to|no more than|not more than|a maximum of|maximum|<=|≤",
}
_BOUND = re.compile(
    "^(?:" + "|".join(f"(?P<b{at}>{words})" for at, words in enumerate(_BOUNDS.values())) + r")\s*(?=[\d$€£¥.a-z-])"
)
_AFTER_BOUND = {" or more": ">=", " or over": ">=", " or less": "<=", " or fewer": "<=", " plus": ">=", "+": ">="}
_CURRENCY = re.compile(r"^(-?\s?)(us\$|[$€£¥₹]|usd|eur|gbp|jpy)\s?(?=[\d.])")
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3}){1,4}|\d{1,3}(?:[ _']\d{3}){1,4})(?![\d,])")
_MINUS = re.compile(r"(?:^|(?<=[\s(]))-\s?(?=[\d.])")
_RANGE = re.compile(r"(?<=\d)\s?(?:-|\bto\b)\s?(?=\d)")
_GLUED = re.compile(r"(?<=\d)(?=(?!e[+-]?\d)[a-zμ°%$€£¥'\"¢₹])|(?<=\d['°])(?=\d)")
_GLUED_NAME = re.compile(r"\d(?!e[+-]?\d)([a-z]+)")
_POWER_OF_TEN = re.compile(r"(?<=\d)\s?(?:x|\*)\s?10\^(-?\d{1,2})\b")
_TOKEN = re.compile(r"[^\s()]+")
_NOT_COUNTED_WORDS = """
or and not no maybe perhaps but to than nor without except if minus plus more less times over point million thousand
hundred billion dozen half percent
"""
_NOT_COUNTED = frozenset(_NOT_COUNTED_WORDS.split())
_EXTENT_WORDS = """
tall long high wide deep old away heavy thick apart in length height width total of them each altogether visible age
"""
_ADJECTIVES_OF_EXTENT = frozenset(_EXTENT_WORDS.split())
_SAME_IN_THE_PLURAL = {
    "sheep",
    "fish",
    "deer",
    "moose",
    "aircraft",
    "cattle",
    "people",
    "series",
    "species",
    "glasses",
    "them",
}
_MOST_COUNTED_WORDS = 3


@dataclass(frozen=True)
class Quantity:
    """A number or a range, and its unit or what it counts."""

    low: Fraction
    """Smallest value meant."""
    high: Fraction
    """Largest value meant; the same for a single number."""
    decimals: int = 0
    """Digits after the point as written."""
    units: tuple[Unit, ...] = ()
    """Readings of the unit; empty for none. `pounds` has two."""
    counted: str = ""
    """What is counted, normalised; empty for nothing."""
    bound: str = ""
    """`<`, `<=`, `>`, `>=`, or empty for a plain number."""
    about: bool = False
    """Whether it is said to be approximate."""


@lru_cache(maxsize=16384)
def parse_quantity(text: str) -> Quantity | None:
    """Return the quantity that a text consists of, or None if it says anything else.

    >>> parse_quantity("about 1,250.50 dollars").low
    Fraction(2501, 2)
    >>> parse_quantity("5 feet 6 inches").low
    Fraction(11, 2)
    >>> parse_quantity("5 or 6"), parse_quantity("nan"), parse_quantity("a dog")
    (None, None, None)
    """
    if len(text) > LONGEST_QUANTITY:
        return None
    rest = _LEADS.sub("", re.sub(r"\s+", " ", plain(text)).strip(" *_`!").removesuffix("."))
    rest = rest.strip('"') if rest.startswith('"') else rest
    about, rest = _take(_ABOUT, rest)
    bound, rest = _bound(rest)
    rest, said_about = _without_tail(rest, " or so")
    for tail, meaning in _AFTER_BOUND.items():
        rest, found = _without_tail(rest, tail)
        bound = meaning if found and not bound else bound
    quantity = _range(rest) or _single(rest)
    return quantity and replace(quantity, bound=bound, about=about or said_about)


def _take(pattern: re.Pattern[str], text: str) -> tuple[bool, str]:
    match = pattern.match(text)
    return (True, text[match.end() :]) if match else (False, text)


def _bound(text: str) -> tuple[str, str]:
    match = _BOUND.match(text)
    return (list(_BOUNDS)[int(match.lastgroup[1:])], text[match.end() :]) if match and match.lastgroup else ("", text)


def _without_tail(text: str, tail: str) -> tuple[str, bool]:
    return (text.removesuffix(tail), True) if text.endswith(tail) else (text, False)


def _tokens(text: str) -> list[str]:
    """`-$1,250.50` -> minus, 1250.50, $."""
    match = _CURRENCY.match(text)
    if match:
        text = f"{match[1]}{text[match.end() :]} {match[2]}"
    text = _POWER_OF_TEN.sub(r"e\1", text)
    text = _THOUSANDS.sub(lambda match: re.sub(r"[, _']", "", match[0]), text)
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", _GLUED.sub(" ", _MINUS.sub("minus ", text)))
    tokens = _TOKEN.findall(text.removeprefix("+"))
    if tokens[-1:] and tokens[-1] in ("$", "us$", "€", "£", "¥", "₹", "usd", "eur", "gbp", "jpy") and match:
        number = leading_number(tokens)
        at = number.length if number else 0
        tokens = [*tokens[:at], tokens[-1], *tokens[at:-1]]
    return tokens


def _single(text: str) -> Quantity | None:
    if any(name not in UNITS and name != "k" for name in _GLUED_NAME.findall(text)):  # 3rd, 3d
        return None
    tokens = _tokens(text)
    if len(tokens) > 1 and tokens[0] == "no":
        tokens[0] = "zero"
    number = leading_number(tokens) or _one(tokens)
    if number is None:
        return None
    units, length = _leading_units(tokens[number.length :])
    rest = tokens[number.length + length :]
    if units:
        return _measured(number, units, rest)
    if rest and all(word in _ADJECTIVES_OF_EXTENT for word in rest):
        rest = []
    counted = _counted(rest)
    if counted is None or (rest and number.value > 1 and not _is_plural(rest[-1])):  # 10 Downing Street counts nothing
        return None
    return Quantity(number.value, number.value, number.decimals, counted=counted)


def _one(tokens: list[str]) -> Number | None:
    """`an hour` measures; `a dog` counts nothing."""
    article = (
        len(tokens) > 1 and tokens[0] in ("a", "an") and (bool(_leading_units(tokens[1:])[0]) and len(tokens[1]) > 1)
    )
    return Number(Fraction(1), 0, 1) if article else None


def _leading_units(tokens: list[str]) -> tuple[tuple[Unit, ...], int]:
    for length in range(min(LONGEST_NAME, len(tokens)), 0, -1):
        units = UNITS.get(" ".join(tokens[:length]).rstrip(".,"))
        if units:
            return units, length
    if tokens and tokens[0] in ("a", "an", "of"):
        units, length = _leading_units(tokens[1:])
        return units, length + 1
    return (), 0


def _measured(number: Number, units: tuple[Unit, ...], rest: list[str]) -> Quantity | None:
    value = number.value
    if rest[:1] == ["and"]:
        rest = rest[1:]
    while rest:
        more = leading_number(rest)
        if more is None or more.value >= 1000:
            break
        smaller, length = _leading_units(rest[more.length :])
        rest = rest[more.length + length :]
        if not length and more.value < 1 and not rest:  # an hour and a half
            value += more.value
            break
        into = [
            (unit, to) for unit in smaller for to in units if unit.dimension == to.dimension and unit.factor < to.factor
        ]
        if not into:
            return None
        value += converted(more.value, *into[0])
        units = (into[0][1],)
    if any(word not in _ADJECTIVES_OF_EXTENT for word in rest):
        return None
    return Quantity(value, value, number.decimals, units)


def _counted(tokens: list[str]) -> str | None:
    """Return what is counted, normalised; None if the words do not name a few things."""
    words = [token.strip(".,;:'\"") for token in tokens if token not in ("of", "them", "the")]
    odd = any(not word.isalpha() or word in _NOT_COUNTED or leading_number([word]) for word in words)
    return None if odd or len(words) > _MOST_COUNTED_WORDS else normalise(" ".join(words))


def _is_plural(word: str) -> bool:
    word = word.strip(".,;:'\"")
    return word in _SAME_IN_THE_PLURAL or singular(word) != word


def _range(text: str) -> Quantity | None:
    between = re.match(r"(?:between|from) (.{1,40}?) (?:and|to) (.{1,60})$", text)
    match = None if between else _RANGE.search(text)
    if not between and not match:
        return None
    first, last = (
        (between[1], between[2]) if between else (text[: match.start()], text[match.end() :]) if match else ("", "")
    )
    low, high = _single(first), _single(last)
    if low is None or high is None or low.low >= high.low or (low.units and low.units != high.units):
        return None
    if match and high.low >= 1000 and not high.units:  # years, telephone numbers, scores of games
        return None
    return Quantity(low.low, high.low, max(low.decimals, high.decimals), high.units, high.counted)
