"""Noun phrases of captions: what the finder of them must offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from code_caption.errors import SettingsError
from code_caption.words.names import normal_name, require_several
from code_caption.words.nouns import is_only_plural


class NounPhrase(Protocol):
    """A thing as a caption names it."""

    @property
    def phrase(self) -> str:
        """The noun with its adjectives (`small yellow ducks`)."""
        ...

    @property
    def head(self) -> str:
        """The noun alone, compounds kept (`ducks`, `tennis rackets`); a part of `phrase`."""
        ...

    @property
    def lemma(self) -> str:
        """The head in the singular and in lower case."""
        ...


class ExtractNounPhrases(Protocol):
    """Anything that finds the noun phrases of captions, such as `occlusion.SpacyEntities`."""

    def __call__(self, captions: Sequence[str], /) -> Sequence[Sequence[NounPhrase]]:
        """Return the noun phrases of each caption, in reading order."""
        ...


def extracted(captions: Sequence[str], extract: ExtractNounPhrases) -> Sequence[Sequence[NounPhrase]]:
    """The noun phrases of each caption, one call for all.

    Raises:
        SettingsError: `captions` is one text, or `extract` returned another number of lists.
    """
    require_several("captions", captions)
    found = extract(captions)
    if len(found) != len(captions):
        raise SettingsError("extract", f"extract must return {len(captions)} lists, one a caption; got {len(found)}.")
    return found


def name_of(noun: NounPhrase) -> str:
    """The name of the thing, in the singular; may be empty."""
    # A lemma is one `scissor` or `short`, which no detector knows.
    return normal_name(noun.head if is_only_plural(noun.head) else noun.lemma)
