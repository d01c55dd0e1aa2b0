"""Nouns that only measure or show the noun after their `of`: `a slice of pizza`, `a photo of a dog`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from occlusion.words.lexicon import english_words
from occlusion.words.nouns import singular

if TYPE_CHECKING:
    from spacy.tokens import Doc

_MEDIA = frozenset(
    {"photo", "photograph", "picture", "image", "close-up", "closeup", "shot", "snapshot", "portrait", "view"}
    | {"illustration", "drawing", "footage"}
)
_AFTER_A_MEDIUM = frozenset({"of", ":", "showing", "shows", "depicting", "featuring"})


def is_measure(doc: Doc, at: int) -> bool:
    """Say whether a noun only counts the things after its `of`: in `a pair of shoes` the shoes are the thing.

    A container is a thing: `a cup of coffee` names two.
    """
    word = singular(doc[at].text)
    if word not in english_words().quantities and word not in english_words().measures:
        return False
    return at + 2 < len(doc) and doc[at + 1].lower_ == "of"


def is_medium(doc: Doc, at: int, *, opens: bool) -> bool:
    """Say whether a noun names the picture itself, as at the opening of `a photo of a dog`."""
    return opens and singular(doc[at].text) in _MEDIA and at + 1 < len(doc) and doc[at + 1].lower_ in _AFTER_A_MEDIUM
