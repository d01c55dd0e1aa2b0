"""The places in a text where left and right stand, and how each is to be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Literal, NamedTuple, TypeAlias

from svco_loss.pairs.side_contexts import JOINTS, SIDES, can_follow, names_side

Reading: TypeAlias = Literal["side", "joined", "doubtful"]

_TOKEN = re.compile(r"\w+(?:[-'’]\w+)*|[^\w\s]")
_QUOTED = re.compile(r"\"[^\"]{0,300}\"|“[^”]{0,300}”|«[^»]{0,300}»|(?<!\w)['‘][^'’]{0,300}['’](?!\w)")
_COMPOUND = re.compile(
    r"((top|bottom|upper|lower|far|front|back|rear|mid|middle|center|centre|near|inner|outer)-)?(left|right)"
    r"(-?(most|hand|handed|hander|handers|ward|wards|side|sided|facing|leaning|pointing|turning|turn"
    r"|foot|footed|eye|eyed|arm|armed|leg|legged|ear))?|(left-to-right|right-to-left)"
)
_BOTH = re.compile(r"left(-and|-or)?-right|right(-and|-or)?-left")
_TURNING = re.compile(r"((counter|anti)-?)?clockwise")
_NO_OWNERS = frozenset(("it", "he", "she", "that", "what", "who", "there", "here", "let", "where"))
_BETWEEN_JOINED = frozenset(("on", "to", "at", "the", "its", "his", "her", "their"))


class SideWord(NamedTuple):
    """A word or compound that holds left or right, or tells a turn."""

    start: int
    end: int
    reading: Reading
    """`joined`: both sides are named in one breath; `doubtful`: surely no side, or not surely one."""


class _Token(NamedTuple):
    start: int
    end: int
    word: str
    """In lower case, with straight apostrophes."""


def side_words(text: str, *, asked: bool = False) -> list[SideWord]:
    """Return all side words of a text in order.

    Args:
        text: in English.
        asked: the question offers both sides, so that a text of that one word names a side.

    >>> [one.reading for one in side_words("Left and right, the bright leftmost cup was left over.")]
    ['joined', 'joined', 'side', 'doubtful']
    """
    tokens = [_Token(*one.span(), one[0].lower().replace("’", "'")) for one in _TOKEN.finditer(text)]
    quoted = {place for one in _QUOTED.finditer(text) for place in range(*one.span())}
    joined = _joined([token.word for token in tokens])
    lone = asked and sum(map(_is_word, tokens)) == 1
    found: list[SideWord] = []
    for index, token in enumerate(tokens):
        reading = _reading(tokens, index, index in joined, lone)
        if reading:
            found.append(SideWord(token.start, token.end, "doubtful" if token.start in quoted else reading))
    return found


def _reading(tokens: Sequence[_Token], index: int, joined: bool, lone: bool) -> Reading | None:
    word = tokens[index].word
    if word in SIDES:
        if joined:
            return "joined"
        return "side" if lone or _is_label(tokens, index) or names_side(*_clause(tokens, index)) else "doubtful"
    if _COMPOUND.fullmatch(word):
        return "doubtful" if _clause(tokens, index)[1][:1] == ["man"] else "side"
    if _BOTH.fullmatch(word):
        return "joined"
    return "doubtful" if _TURNING.fullmatch(word) or not SIDES.isdisjoint(re.split("[-']", word)) else None


def _joined(words: Sequence[str]) -> set[int]:
    """Both sides in one breath: "left and right", "on the left or on the right"."""
    found: set[int] = set()
    for index, word in enumerate(words):
        if word not in SIDES or words[index + 1 : index + 2] == [] or words[index + 1] not in JOINTS:
            continue
        other = index + 2
        while other < len(words) and other < index + 4 and words[other] in _BETWEEN_JOINED:
            other += 1
        is_other = other < len(words) and words[other] in SIDES - {word}
        if is_other and can_follow(words[other + 1] if other + 1 < len(words) else ""):
            found |= {index, other}
    return found


def _is_label(tokens: Sequence[_Token], index: int) -> bool:
    """As captions have it: "Left: a cup", "the cup (left)"."""
    before = tokens[index - 1].word if index else "."
    after = tokens[index + 1].word if index + 1 < len(tokens) else ""
    return (before in (".", ";", "!", "?") and after == ":") or (before == "(" and after in (")", ","))


def _clause(tokens: Sequence[_Token], index: int) -> tuple[list[str], list[str]]:
    """Up to five words before and three behind, none beyond punctuation."""
    before = takewhile(_is_word, reversed(tokens[max(0, index - 5) : index]))
    after = takewhile(_is_word, tokens[index + 1 : index + 4])
    return [_plain(token.word) for token in before][::-1], [_plain(token.word) for token in after]


def _is_word(token: _Token) -> bool:
    return token.word[0].isalnum()


def _plain(word: str) -> str:
    """`'s` for an owner ("the dog's left"), the bare word for a contraction ("what's left")."""
    stem, mark, _ = word.partition("'")
    return word if not mark else stem if stem in _NO_OWNERS or not word.endswith("'s") else "'s"
