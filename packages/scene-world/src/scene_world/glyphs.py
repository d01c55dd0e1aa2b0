"""Letters and digits for the world's signs: 5 x 7 bitmaps, so that a sign looks the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROWS: dict[str, str] = {
    "0": "01110 10001 10011 10101 11001 10001 01110",
    "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111",
    "3": "11110 00001 00001 01110 00001 00001 11110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "C": "01110 10001 10000 10000 10000 10001 01110",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "H": "10001 10001 10001 11111 10001 10001 10001",
    "K": "10001 10010 10100 11000 10100 10010 10001",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "P": "11110 10001 10001 11110 10000 10000 10000",
    "T": "11111 00100 00100 00100 00100 00100 00100",
    "U": "10001 10001 10001 10001 10001 10001 01110",
    "X": "10001 10001 01010 00100 01010 10001 10001",
}

GLYPHS: tuple[str, ...] = tuple(_ROWS)
"""The characters that a sign can show."""


def glyph_mask(character: str) -> NDArray[np.bool_]:
    """The strokes of a character: bool `(7, 5)`, True where there is ink.

    Raises:
        KeyError: a character that is not in `GLYPHS`.

    >>> glyph_mask("T")[0].tolist()
    [True, True, True, True, True]
    """
    return np.array([[bit == "1" for bit in row] for row in _ROWS[character].split()], bool)
