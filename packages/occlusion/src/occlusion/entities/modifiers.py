"""Where a noun phrase begins, without a parser: known adjectives, and unknown words that can only be modifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from occlusion.words.lexicon import english_words
from occlusion.words.nouns import singular

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

_JOINS = frozenset({"and", ",", "-"})
_OPENERS = frozenset(
    {"a", "an", "the", "his", "their", "its", "my", "your", "our", "'s", "’s", "several", "many", "few", "various"}
    | {"multiple", "some", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
    | {"of", "with", "on", "in", "under", "behind", "beside", "near", "by", "from"}
)
_MAX_UNKNOWN = 3


def phrase_start(head: Span, *, after: int) -> int:
    """Return the token at which the phrase of a head begins, at `after` or later.

    Known adjectives before the head belong to it, and what joins two of them: a comma, `and`, hyphens. So do unknown
    words between a determiner or a preposition and the noun (`a sparkly dress`).
    """
    start = _over_known(head.doc, head.start, after)
    return _over_unknown(head.doc, start, after)


def _over_known(doc: Doc, start: int, after: int) -> int:
    modifiers, at, first = english_words().modifiers, start, start
    while at > after and (doc[at - 1].lower_ in modifiers or (start < first and doc[at - 1].lower_ in _JOINS)):
        at -= 1
        start = at if doc[at].lower_ in modifiers else start
    return start


def _over_unknown(doc: Doc, start: int, after: int) -> int:
    """Walk left over unknown words as far as an opener; stay where none is near."""
    at = start
    while at > after and at > start - 2 * _MAX_UNKNOWN and _may_modify(doc, at - 1):
        at -= 1
    opened = at == 0 or doc[at - 1].lower_ in _OPENERS
    return at if opened and _reads_as_modifiers(doc, at, start) else start


def _may_modify(doc: Doc, at: int) -> bool:
    token = doc[at]
    if token.text == "-":
        return not doc[at - 1].whitespace_ and not token.whitespace_
    if token.lower_ in english_words().modifiers:
        return True
    return token.is_alpha and not token.is_stop and singular(token.text) not in english_words().abstract


def _reads_as_modifiers(doc: Doc, start: int, end: int) -> bool:
    """Say whether words are no noun with its verb: neither `couple holds` nor `couple holding` comes before a noun."""
    words = [token.lower_ for token in doc[start:end]]
    verb_like = [word.endswith("ing") and (at > 0 or start == 0) for at, word in enumerate(words)]
    plural_like = [word.endswith("s") and not word.endswith(("ss", "ous")) for word in words]
    return not any(verb_like) and not any(plural_like)
