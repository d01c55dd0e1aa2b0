"""A text as groups of words that describe one thing each: `red tail and gray crown` is two of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from answer_judge.content_words import (
    BE,
    CLAUSES,
    COORDINATORS,
    DETERMINERS,
    HAVE,
    PLURAL_BE,
    PREPOSITIONS,
    RELATIVES,
    VERBS,
    is_attribute,
    is_filler,
    stem,
)
from answer_judge.label_words import Word, read_words
from answer_judge.normalising import normalise

Link = Literal["", "new", "and", "prep", "have", "verb", "is", "that", "that is", "colon"]
"""What stands between a group and the one before: a clause's end, a comma or conjunction, a preposition, a verb."""

_SENTENCE_END = re.compile(r"[.!?;]+(?=\s|$)|\n(?=\s*(?:[-*•>#\d\n]|[A-Z]))")
_LONGEST_LIST = 12
"""Attributes in one list; what follows further on is another thing, so that time stays linear."""
_COMMA = re.compile(r"[,()\[\]–—/]|\s-+\s")


class Token(NamedTuple):
    """A word that says something."""

    place: int
    """Among the words of its sentence."""
    norm: str
    """In one spelling, the singular."""
    stem: str
    """To compare by."""
    is_attribute: bool
    """Whether it tells what a thing is like rather than which thing it is."""


@dataclass(frozen=True)
class Group:
    """Words that describe one thing, in the order in which they joined it."""

    tokens: tuple[Token, ...]
    """At least one."""
    link: Link
    """To the group before."""
    starts_anew: bool = False
    """Whether a determiner or a preposition stands before it, so that no list of attributes runs into it."""
    word_before: str = ""
    """The preposition, conjunction or verb that made the link."""
    has_predicate: bool = False
    """Whether attributes after `is` have joined it."""

    @property
    def is_bare(self) -> bool:
        """Whether attributes are all it has."""
        return all(token.is_attribute for token in self.tokens)

    @property
    def head(self) -> Token:
        """The thing itself: the last word that is no attribute, or else the last."""
        return next((token for token in reversed(self.tokens) if not token.is_attribute), self.tokens[-1])


class Sentence(NamedTuple):
    """A sentence with its groups."""

    text: str
    """Of the sentence, its end mark included."""
    start: int
    """Its first character in the whole text."""
    words: list[Word]
    """All of them, with places in the sentence."""
    groups: tuple[Group, ...]
    """In order."""


def read_sentences(text: str) -> list[Sentence]:
    """Return the sentences that have words, with their groups.

    >>> groups = read_sentences("A red tail and gray, speckled crown; its beak is long and black.")
    >>> [[[token.norm for token in group.tokens] for group in one.groups] for one in groups]
    [[['red', 'tail'], ['gray', 'speckled', 'crown']], [['beak', 'long', 'black']]]
    """
    sentences: list[Sentence] = []
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        part = text[start:end]
        if words := read_words(part):
            sentences.append(Sentence(part, start, words, tuple(_joined(list(_pieces(words))))))
        start = end
    return sentences


def _pieces(words: Sequence[Word]) -> Iterator[Group]:
    """Yield the words between determiners, prepositions, conjunctions, verbs and commas."""
    tokens: list[Token] = []
    piece = Group((), "new")
    link, anew, before = "new", False, ""
    for index, word in enumerate(words):
        for mark in _marks(word, first=index == 0):
            link, anew = _linked(link, mark), anew or mark in ("det", "prep", "have")
            before = word.key if mark in ("prep", "have", "is") or word.key in COORDINATORS else before
        if not _says_something(word.key):
            continue
        if link:
            if tokens:
                yield replace(piece, tokens=tuple(tokens))
            piece, tokens = Group((), link, anew, before), []
            link, anew, before = "", False, ""
        norm = normalise(word.key)
        tokens.append(Token(index, norm, stem(word.key), is_attribute(norm)))
    if tokens:
        yield replace(piece, tokens=tuple(tokens))


_CLASSES: tuple[tuple[frozenset[str], str], ...] = (
    (DETERMINERS, "det"), (HAVE, "have"), (PREPOSITIONS, "prep"), (BE, "is"), (RELATIVES, "that"),
    (COORDINATORS, "and"), (CLAUSES, "new"), (VERBS, "verb"),
)  # fmt: skip


def _marks(word: Word, *, first: bool) -> Iterator[str]:
    if not first and ":" in word.gap:
        yield "colon"
    elif not first and _COMMA.search(word.gap):
        yield "and"
    yield from (mark for words, mark in _CLASSES if word.key in words)


def _says_something(key: str) -> bool:
    return not is_filler(key) and not any(key in words for words, _ in _CLASSES)


def _linked(link: Link, mark: str) -> Link:
    """What stands between two groups, after one more mark between them."""
    if mark == "new" or link == "new":
        return "new"
    if mark == "is":
        return "that is" if link == "that" else "is"
    if (mark in ("prep", "have", "that") and link not in ("and", "prep")) or (link, mark) == ("and", "that"):
        return mark  # pyright: ignore[reportReturnType]
    if link:
        return link
    return "verb" if mark == "det" else mark  # pyright: ignore[reportReturnType]


def _joined(pieces: list[Group]) -> list[Group]:
    """Give attributes that stand apart (`long, black beak`; `the beak is long and black`) to their thing."""
    groups: list[Group] = []
    described: list[int] = []
    for place, piece in enumerate(pieces):
        goes_on = piece.link == "and" and not piece.starts_anew
        if piece.link in ("is", "that is", "colon") and _is_predicate(piece) and groups:
            described = _subjects(groups, piece)
        elif piece.is_bare and groups and goes_on and not groups[-1].is_bare and not _runs_into_a_thing(pieces, place):
            described = described or [len(groups) - 1]
        elif piece.is_bare and groups and goes_on and described:
            pass
        elif piece.is_bare and groups and piece.word_before in ("of", "in") and piece.link == "prep":
            described = [len(groups) - 1]
        elif piece.is_bare and _runs_into_a_thing(pieces, place):
            after = pieces[place + 1]
            pieces[place + 1] = replace(piece, tokens=piece.tokens + after.tokens)
            continue
        else:
            groups.append(replace(piece, link={"colon": "new", "is": "verb"}.get(piece.link, piece.link)))
            described = []
            continue
        for index in described:
            tokens = groups[index].tokens + piece.tokens
            groups[index] = replace(groups[index], tokens=tokens, has_predicate=True)
    return groups


def _is_predicate(piece: Group) -> bool:
    return piece.is_bare or (piece.link != "colon" and not piece.starts_anew)


def _runs_into_a_thing(pieces: Sequence[Group], place: int) -> bool:
    """Whether a list of attributes ends in a thing: `long`, then `black beak`."""
    for piece in pieces[place + 1 : place + 1 + _LONGEST_LIST]:
        if piece.link != "and" or piece.starts_anew:
            return False
        if not piece.is_bare:
            return True
    return False


def _subjects(groups: Sequence[Group], predicate: Group) -> list[int]:
    """What `is red` is said of: not the last thing before it, but what that belongs to (`the spots on the crown`)."""
    last = len(groups) - 1
    if predicate.link != "is":
        return [last]
    found = [_owner(groups, last)]
    if predicate.word_before in PLURAL_BE:
        while groups[found[-1]].word_before in ("and", "or") and found[-1]:
            found.append(_owner(groups, found[-1] - 1))
        # `It has a beak and the wings are red` says nothing of the beak.
        opens = groups[found[-1]].link == "new" and groups[found[-1]].word_before in ("", *COORDINATORS)
        found = found if opens else found[:1]
    return found


def _owner(groups: Sequence[Group], place: int) -> int:
    while place and groups[place].link == "prep":
        place -= 1
    return place
