"""Characters that mean the same to a reader: invisible ones, accents, widths, signs with a meaning, look-alikes."""

from __future__ import annotations

import re
import unicodedata

_BEFORE_FOLDING = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2018\u2019\u02bc`´", "'"), **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
    "\u2044": "/", "×": " x ", "′": "'", "″": '"', "≈": " ~ ",
}  # fmt: skip
_TABLE = str.maketrans(_BEFORE_FOLDING)
_VULGAR_FRACTION = re.compile(r"(?<=\d)(?=[\u00bc-\u00be\u2150-\u215e])")
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_LATIN_MARK = re.compile(r"(?<=[a-z])[\u0300-\u036f]+", re.IGNORECASE)
_STRUCK = re.compile(r"[\u0334-\u0338\u20d2\u20d3\u20d8-\u20da\u20e5\u20eb]")
_LATIN, _OTHER = "acehijklmopstuxybdgqvw", "асеһіјкӏморѕтυхубԁɡԛνԝ"
_LOOK_ALIKES = str.maketrans(
    dict(zip(_OTHER, _LATIN, strict=True))
    | dict(zip("ανορτικχ", "avoptikx", strict=True))
    | dict(zip("вн", "bh", strict=True))
)
_WORD = re.compile(r"[^\W\d_]+")


def plain(text: str) -> str:
    """Return a text as a reader sees it, in lower case: no invisible characters, Latin accents or odd widths.

    >>> plain("Cafe\\u0301 do\\u200bg 1½ 10² ｃａｔ")
    'cafe dog 1 1/2 10^2 cat'
    """
    if text.isascii():
        return text.lower()
    text = _SUPERSCRIPT.sub(r"^\g<0>", _VULGAR_FRACTION.sub(" ", text.translate(_TABLE)))  # NFKC would read 10² as 102
    text = unicodedata.normalize("NFKC", text).translate(_TABLE).casefold()
    text = _LATIN_MARK.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", "".join(char for char in text if unicodedata.category(char) != "Cf"))


def look_alike(answer: str, reference: str) -> str:
    """Return the first word of an answer that shows Latin letters but is written with others; empty if none is.

    A word counts if it mixes Latin letters with Cyrillic or Greek ones of the same shape, or if it has only such shapes
    and reads like a word of the reference. A Russian answer to an English reference is no such word.

    >>> look_alike("d\\u043eg", "cat"), look_alike("собака", "dog"), look_alike("5 μm", "5 μm")
    ('dоg', '', '')
    """
    if answer.isascii():
        return ""
    asked = set(_WORD.findall(reference.casefold()))
    for word in _WORD.findall(plain(answer)):
        read = word.translate(_LOOK_ALIKES)
        if read != word and read.isascii() and word not in asked:
            mixed = any("a" <= char <= "z" for char in word)
            if mixed or read in asked:
                return word
    return ""


def is_struck_through(text: str) -> bool:
    """Whether a text has combining lines through its letters, which deny them."""
    return bool(_STRUCK.search(text)) if not text.isascii() else False
