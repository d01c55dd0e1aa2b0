"""Where `left` and `right` name a side, told by the words around them.

Each rule holds for both words alike, so that a text can be swapped back: "the left one" is as doubtful as "the right
one". What no rule knows is doubtful: a refused text costs one pair of many, a wrong swap teaches a falsehood.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SIDES = _words("left right")
JOINTS = _words("and or nor / & versus vs")

_DETERMINERS = _words("the its his her their your my our 's")
_PLACES = _words(
    "top bottom upper lower far front back rear middle center centre mid extreme further farther furthest near "
    "outer inner"
)
_PARTS = _words(
    "side sides hand hands arm arms leg legs foot feet eye eyes ear ears shoulder knee wrist elbow cheek wing paw "
    "corner edge half third quadrant lane panel page margin border bank column turn"
)
_PREPOSITIONS = _words("on at to from toward towards onto")
_DIRECTION = re.compile(
    r"(turn|fac|point|lean|head|tilt|veer|steer|swerv|glanc|gaz)(e|es|s|ed|ing)?|looking|mov(es|ing)"
)
_IN_ORDER = re.compile(r"to (the )?(left|right)\b")  # "left to right"
_PHRASES = ("side up", "side out", "side by", "hand man", "of way")
_MEANINGS = _words(  # "the right answer", "left over", "the left one": no place, or not surely
    "over overs now angle angles angled triangle answer answers choice choices way ways thing things time times "
    "moment size sizes decision decisions tool tools track amount number order kind sort type word words one ones "
    "fit balance conditions condition direction mind idea reason reasons spot speed temperature level combination "
    "job to wrong wrongs"
)
_DEGREES = _words(  # "right behind", "left out": the next word makes another word of it
    "over now away here there then ahead at in into on onto through up down past under underneath behind beside "
    "besides next by near above below beneath after before where when as off out back along alongside across "
    "against around round between from about opposite inside outside amid among to"
)
_OBJECTS = _words(  # "left the room"
    "the a an his her its their my your our this that these those him them me us it one itself himself herself "
    "themselves"
)
_REMAINS = _words(  # "what is left of the cake", "two slices left"
    "what nothing all little much many any anything everything something none half some most bit only more one two "
    "three four five six seven eight nine ten few several"
)
_VERBS_BEFORE = _words("i you he she it we they who all has have had having was were been being")


def names_side(before: Sequence[str], after: Sequence[str]) -> bool:
    """Return whether `left` or `right` surely names a side between these words of its clause, all in lower case.

    >>> names_side(["on", "the"], ["of", "the", "tree"]), names_side(["that", "is"], []), names_side([], ["now"])
    (True, False, False)
    """
    last, following = (before[-1] if before else ""), " ".join(after[:3])
    first = after[0] if after else ""
    if _IN_ORDER.match(following) and last in _DETERMINERS | _PREPOSITIONS | {""}:
        return True
    if last == "to" and not SIDES.isdisjoint(before[-2:-1]):
        return True
    if first in _MEANINGS or following.startswith(_PHRASES):
        return False
    return last in _DETERMINERS or _is_free(before, first) or _is_part(last, first)


def can_follow(word: str) -> bool:
    """Return whether a word may stand behind a side without making another word of it."""
    return word not in _OBJECTS | _DEGREES | _MEANINGS


def _is_free(before: Sequence[str], first: str) -> bool:
    """Without an article: "left of the tree", "on left", "bottom right", "turning left"."""
    last = before[-1] if before else ""
    remains = not _REMAINS.isdisjoint(before[-4:])
    if first == "of":
        return not remains and last not in _VERBS_BEFORE - {"was", "were"}
    if last in ("on", "at"):
        return first not in _OBJECTS
    directed = last in _PREPOSITIONS | _PLACES or (_DIRECTION.fullmatch(last) and not remains)
    return bool(directed) and first not in _OBJECTS | _DEGREES


def _is_part(last: str, first: str) -> bool:
    """Left or right of something that has two of it: "left hand"."""
    return first in _PARTS and last not in _VERBS_BEFORE
