"""Free text and labels as words in one spelling, each with its place in the original text."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

_RUN = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f]|['’](?=[^\W_]))*")
_PIECE = re.compile(r"\d+|\D+")
_POSSESSIVE = ("'s", "’s", "'S", "’S")
_BREAK = re.compile(r"[,;:!?—–]|\.(?:\s|$)|\n\s*\n")


class Word(NamedTuple):
    """Letters or digits that stand together."""

    key: str
    """Lower case, no accents, no apostrophes."""
    start: int
    """First character in the text."""
    end: int
    """Behind the last character."""
    gap: str
    """What stands between the word before (or the text's start) and this one."""

    @property
    def breaks(self) -> bool:
        """Whether a clause ends before this word: a name does not run across."""
        return bool(_BREAK.search(self.gap))


def read_words(text: str) -> list[Word]:
    """Return the words of a text; letters and digits are words of their own, a possessive 's is left out.

    >>> [word.key for word in read_words("Anna's Hummingbird, an A320/737-800_é")]
    ['anna', 'hummingbird', 'an', 'a', '320', '737', '800', 'e']
    """
    words: list[Word] = []
    before = 0
    for run in _RUN.finditer(text):
        shown = run[0][:-2] if run[0].endswith(_POSSESSIVE) else run[0]
        for piece in _PIECE.finditer(shown):
            start, end = run.start() + piece.start(), run.start() + piece.end()
            if key := _fold(piece[0]):
                words.append(Word(key, start, end, text[before:start]))
                before = end
    return words


@lru_cache(maxsize=65536)
def _fold(piece: str) -> str:
    """Compatibility decomposition also turns full-width letters and ligatures into plain ones."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", piece).casefold())
    return "".join(char for char in folded if char.isalnum())
