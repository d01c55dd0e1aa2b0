"""The everyday words this package knows: concrete nouns with their categories, modifiers, and nouns nobody can see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from occlusion.errors import OcclusionError
from occlusion.words.nouns import singular


@dataclass(frozen=True)
class Words:
    """The word lists of the package's data file; all in lower case, nouns in the singular."""

    category_of: Mapping[str, str]
    """Concrete noun (`hot dog`) to category (`food`)."""

    broader: Mapping[str, str]
    """Category to the next broader one (`bird` to `animal`); what is missing here goes to `object`."""

    mass_categories: frozenset[str]
    """Categories that are not counted: `food`, not `a food`."""

    modifiers: frozenset[str]
    """Adjectives, colours and materials that belong to a phrase."""

    quantities: frozenset[str]
    """Determiners, numbers and collective nouns that do not."""

    measures: frozenset[str]
    """Nouns that are things on their own, but not before an `of` (`crowd of people`, `ball of yarn`)."""

    verbs: frozenset[str]
    """Nouns that are verbs as well (`park`, `watch`)."""

    abstract: frozenset[str]
    """Nouns that name nothing one could hide: emotions, times, positions, actions."""

    synonyms: Mapping[str, tuple[str, ...]]
    """COCO category to other words for it."""


_IMITATIONS = frozenset({"toy", "stuffed", "plush", "fake", "model", "miniature", "origami", "cartoon", "lego"})


@cache
def english_words() -> Words:
    """Read the package's word lists (once)."""
    raw = json.loads((files("occlusion") / "words" / "words.json").read_text(encoding="utf-8"))
    category_of = {noun: category for category, nouns in raw["categories"].items() for noun in nouns}
    return Words(
        category_of=MappingProxyType(category_of),
        broader=MappingProxyType(raw["broader"]),
        mass_categories=frozenset(raw["mass_categories"]),
        modifiers=frozenset(raw["modifiers"]),
        quantities=frozenset(raw["quantities"]),
        measures=frozenset(raw["measures"]),
        verbs=frozenset(raw["verbs"]),
        abstract=frozenset(raw["abstract"]),
        synonyms=MappingProxyType({category: tuple(words) for category, words in raw["synonyms"].items()}),
    )


def read_lexicon(path: str | Path) -> dict[str, str]:
    """Read a lexicon of one's own: a JSON object {noun: category}.

    Raises:
        OcclusionError: `bad_lexicon`: the file is missing, is no JSON, or holds anything else.
    """
    path = Path(path)
    try:
        lexicon: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise OcclusionError("bad_lexicon", f"{path.name} cannot be read: {' '.join(str(error).split())}.") from error
    values = cast("dict[str, Any]", lexicon).values() if isinstance(lexicon, dict) else [None]
    if not all(isinstance(value, str) for value in values):
        raise OcclusionError("bad_lexicon", f"{path.name} must be a JSON object {{noun: category}} of texts.")
    return cast("dict[str, str]", lexicon)


def default_lexicon() -> Mapping[str, str]:
    """Return the built-in lexicon: about 4,000 concrete nouns in the singular, each with its category.

    >>> default_lexicon()["hot dog"], default_lexicon()["train"]
    ('food', 'vehicle')
    """
    return english_words().category_of


def look_up(noun: str, lexicon: Mapping[str, str]) -> str | None:
    """Return the category of a noun in any number and case; None if unknown.

    Of an unknown compound the last words count (`guide dog`), of `a slice of pizza` the pizza, of `a bowl of apples`
    the bowl. What only looks like a thing (`toy giraffe`) is unknown unless the lexicon has it.

    >>> look_up("Tennis Balls", {"ball": "toy"}), look_up("idea", {"ball": "toy"})
    ('toy', None)
    >>> [look_up(noun, default_lexicon()) for noun in ("guide dog", "hot dogs", "pair of boots", "toy giraffe")]
    ['animal', 'food', 'piece of clothing', None]
    """
    whole = noun.lower().strip()
    if (category := _of_any_form(whole, lexicon) or _of_any_form(whole.replace("-", " "), lexicon)) is not None:
        return category
    words = thing_of(whole).replace("-", " ").split()
    for start in range(len(words)):
        if (category := _of_any_form(" ".join(words[start:]), lexicon)) is not None:
            return None if _IMITATIONS.intersection(words[:start]) else category
    return None


def thing_of(noun: str) -> str:
    """Return what a noun with `of` is: after a quantity the rest (`pair of boots`), else what comes before it.

    >>> thing_of("slices of Pizza"), thing_of("bowl of apples"), thing_of("boot")
    ('Pizza', 'bowl', 'boot')
    """
    thing, of, rest = noun.partition(" of ")
    last = singular(thing).split()[-1:]
    counts = bool(last) and (last[0] in english_words().quantities or last[0] in english_words().measures)
    return thing_of(rest) if of and counts else thing


def _of_any_form(noun: str, lexicon: Mapping[str, str]) -> str | None:
    return next((lexicon[form] for form in (noun, singular(noun)) if form in lexicon), None)
