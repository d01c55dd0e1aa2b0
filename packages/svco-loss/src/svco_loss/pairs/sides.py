"""Left and right swapped in a text, so that it tells the truth about the mirrored image."""

from __future__ import annotations

import re
from typing import NamedTuple

from svco_loss.errors import SideError
from svco_loss.pairs.side_words import SideWord, side_words

_PART = re.compile(r"\b(left|right)", re.IGNORECASE)
_OTHER = {"left": "right", "Left": "Right", "LEFT": "RIGHT", "right": "left", "Right": "Left", "RIGHT": "LEFT"}


class SideCounts(NamedTuple):
    """How often each side stands in a text."""

    left: int
    right: int


def swap_sides(text: str, *, asked: bool = False) -> str:
    """Return the text with left and right swapped, in whole words and in compounds, letter case kept.

    Swapping twice gives the text back. The rules know English; one use of left or right that they do not know as a
    side refuses the whole text.

    Args:
        text: such as `The cup is left of the plate.`
        asked: the question offers both sides, so that a text of that one word names a side.

    Raises:
        SideError: `no_side`, or `ambiguous_side`: idioms ("left over", "right now", "all right"), verbs ("left the
            room"), words in quotes, both sides in one breath alone ("left and right"), and clockwise turns.

    >>> swap_sides("On the LEFT, a bright cup; its right-hand neighbour is the rightmost.")
    'On the RIGHT, a bright cup; its left-hand neighbour is the leftmost.'
    """
    words = side_words(text, asked=asked)
    if not words:
        raise SideError("no_side", "neither left nor right is named")
    for word in words:
        if word.reading == "doubtful" or not all(one[0] in _OTHER for one in _parts(text, word)):
            around = " ".join(text[max(0, word.start - 20) : word.end + 20].split())
            raise SideError("ambiguous_side", f"{around!r} may mean something else than a side")
    if all(word.reading == "joined" for word in words):
        raise SideError("ambiguous_side", "both sides are named in one breath, which is true of either image")
    places = {part.start() for word in words for part in _parts(text, word)}
    return _PART.sub(lambda part: _OTHER[part[0]] if part.start() in places else part[0], text)


def side_counts(text: str) -> SideCounts:
    """Count left and right in a text, compounds too, whatever they mean.

    >>> side_counts("Is the leftmost cup left or right of the bright plate?")
    SideCounts(left=2, right=1)
    """
    found = [part[0].lower() for word in side_words(text) for part in _parts(text, word)]
    return SideCounts(found.count("left"), found.count("right"))


def _parts(text: str, word: SideWord) -> list[re.Match[str]]:
    return list(_PART.finditer(text, word.start, word.end))
