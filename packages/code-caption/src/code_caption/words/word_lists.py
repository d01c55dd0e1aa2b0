"""Words that are too broad or too abstract to look for in an image; the lists are our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

_WORDS = json.loads((files("code_caption.words") / "data" / "nouns.json").read_text(encoding="utf-8"))

HYPERNYMS: Mapping[str, frozenset[str]] = MappingProxyType(
    {generic: frozenset(members) for generic, members in _WORDS["hypernyms"].items()}
)
"""Broad word to what it may stand for, in the singular: `animal` says nothing where a `dog` is named."""

STOP_WORDS: frozenset[str] = frozenset(word for group in _WORDS["stop_words"].values() for word in group)
"""Words, in the singular, for what has no place in an image: of pictures, positions, amounts, times, ideas."""

DETERMINERS: frozenset[str] = frozenset(_WORDS["determiners"])
"""Words before a noun that say whose or how many, not what it looks like."""
