"""The things named by the noun chunks of a parsed text; no import of spaCy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from occlusion.entities.measures import is_measure, is_medium
from occlusion.words.lexicon import default_lexicon, english_words
from occlusion.words.nouns import is_plural, singular

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

_NOUNS = ("NOUN", "PROPN")
_CUT = ("DET", "NUM", "PRON", "PUNCT", "PART")
_SINGULAR_ARTICLES = frozenset({"a", "an"})
_A_NAME = re.compile(r"[^\W\d_][\w'’& -]*")


def chunk_entities(doc: Doc) -> list[tuple[int, int, int]]:
    """Return token offsets (phrase start, head start, head end) of the things that a parsed text names.

    Determiners, numbers and quantities are cut; a possessor is a thing of its own; a name with `of` is one thing.
    """
    spans: list[tuple[int, int, int]] = []
    for chunk in doc.noun_chunks:
        for start, root in _noun_phrases(chunk):
            if spans and _is_name_of(doc, spans[-1], start, root):
                spans[-1] = (spans[-1][0], spans[-1][1], root + 1)
            elif not (is_measure(doc, root) or is_medium(doc, root, opens=not spans)):
                head_start = _head_start(doc, start, root)
                spans.append((_phrase_start(doc, start, head_start), head_start, root + 1))
    return [span for span in spans if _A_NAME.fullmatch(doc[span[1] : span[2]].text)]


def _noun_phrases(chunk: Span) -> Iterator[tuple[int, int]]:
    """Start and root of a chunk's noun phrases, each possessor first (`the man's hat`)."""
    start, doc = chunk.start, chunk.doc
    for token in chunk:
        if token.dep_ == "poss" and token.pos_ in _NOUNS and token.i < chunk.root.i:
            yield start, token.i
            start = token.i + 1
    if chunk.root.pos_ in _NOUNS:
        yield start, chunk.root.i - 1 if _is_verb_after_all(doc, start, chunk.root.i) else chunk.root.i


def _is_verb_after_all(doc: Doc, start: int, root: int) -> bool:
    """No plural noun follows `a`: in `a crowd cheers` taken for one chunk, `cheers` is a verb."""
    words = [token.lower_ for token in doc[start:root]]
    return (
        len(words) > 1
        and words[0] in _SINGULAR_ARTICLES
        and doc[root - 1].pos_ in _NOUNS
        and is_plural(doc[root].text)
        and not is_plural(words[-1])
        and not any(word in english_words().quantities for word in words[1:])
    )


def _is_name_of(doc: Doc, before: tuple[int, int, int], start: int, root: int) -> bool:
    """Say whether a phrase goes on a proper name: `Statue of Liberty`, but not `streets of Paris`."""
    joins = before[2] + 1 == start and doc[before[2]].lower_ == "of"
    return joins and doc[before[2] - 1].pos_ == "PROPN" and doc[root].pos_ == "PROPN"


def _head_start(doc: Doc, start: int, root: int) -> int:
    """Walk left over compounds; a known compound (`hot dog`) is kept whole, a material or colour is cut."""
    known = (at for at in range(start, root) if singular(doc[at : root + 1].text.lower()) in default_lexicon())
    head_start = next(known, root)
    while head_start > start and _joins_head(doc[head_start - 1]):
        head_start -= 1
    return head_start


def _joins_head(token: Token) -> bool:
    hyphened = token.i > 0 and token.doc[token.i - 1].text == "-"
    return token.dep_ == "compound" and not hyphened and token.lower_ not in english_words().modifiers


def _phrase_start(doc: Doc, start: int, head_start: int) -> int:
    while start < head_start and _is_cut(doc[start], doc[start + 1]):
        start += 1
    return start


def _is_cut(token: Token, after: Token) -> bool:
    quantities = english_words().quantities
    if token.pos_ == "ADV":  # `very tall` stays, `about ten` and `so many` go
        return after.pos_ not in ("ADJ", "ADV", "VERB") or after.lower_ in quantities
    return after.text != "-" and (token.pos_ in _CUT or token.dep_ in ("poss", "case") or token.lower_ in quantities)
