"""The everyday words this package knows: concrete nouns with their categories, modifiers, and nouns nobody can see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from occlusion.nouns import singular


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

    abstract: frozenset[str]
    """Nouns that name nothing one could hide: emotions, times, positions, actions."""

    synonyms: Mapping[str, tuple[str, ...]]
    """COCO category to other words for it."""


@cache
def english_words() -> Words:
    """Read the package's word lists (once)."""
    raw = json.loads((files("occlusion") / "data" / "words.json").read_text(encoding="utf-8"))
    category_of = {noun: category for category, nouns in raw["categories"].items() for noun in nouns}
    return Words(
        category_of=MappingProxyType(category_of),
        broader=MappingProxyType(raw["broader"]),
        mass_categories=frozenset(raw["mass_categories"]),
        modifiers=frozenset(raw["modifiers"]),
        quantities=frozenset(raw["quantities"]),
        abstract=frozenset(raw["abstract"]),
        synonyms=MappingProxyType({category: tuple(words) for category, words in raw["synonyms"].items()}),
    )


def default_lexicon() -> Mapping[str, str]:
    """Return the built-in lexicon: about 850 concrete nouns in the singular, each with its category.

    >>> default_lexicon()["hot dog"], default_lexicon()["train"]
    ('food', 'vehicle')
    """
    return english_words().category_of


def look_up(noun: str, lexicon: Mapping[str, str]) -> str | None:
    """Return the category of a noun in any number and case: of the noun, else of the last words of it; None if unknown.

    >>> look_up("Tennis Balls", {"ball": "toy"}), look_up("idea", {"ball": "toy"})
    ('toy', None)
    """
    words = noun.lower().replace("-", " ").split()
    forms = [noun.lower(), *(" ".join(words[start:]) for start in range(len(words)))]
    return next((lexicon[known] for form in forms for known in (form, singular(form)) if known in lexicon), None)
