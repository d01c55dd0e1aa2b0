"""One thing that a caption names, and the call that all extractors share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from occlusion.words.nouns import thing_key


@dataclass(frozen=True)
class Entity:
    """A thing named in a caption; spans are character offsets, end not included."""

    phrase: str
    """Noun with its modifiers as the caption writes it (`white plate`): `caption[start:end]`."""

    head: str
    """The noun alone, compounds kept (`tennis player`, `hot dog`): `caption[head_start:head_end]`."""

    start: int
    end: int
    head_start: int
    head_end: int

    @property
    def lemma(self) -> str:
        """The head in the singular and in lower case: the same for every mention of one kind of thing."""
        return thing_key(self.head)


class EntityExtractor(Protocol):
    """Anything that finds the entities of captions."""

    def __call__(self, captions: Sequence[str]) -> list[list[Entity]]:
        """Return the entities of each caption, in reading order; several mentions of a thing are several entities."""
        ...
