"""Singular and plural of English nouns, by a few rules and the exceptions that photographs show."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

_EXCEPTIONS = json.loads((files("code_caption.words") / "data" / "plurals.json").read_text(encoding="utf-8"))

_IRREGULAR: dict[str, str] = _EXCEPTIONS["irregular"]
"""Plural to singular; holds for words that end so as well (`snowmen`, `bookshelves`, `minibuses`)."""
_ONLY_PLURAL: frozenset[str] = frozenset(_EXCEPTIONS["only_plural"])
_SAME_IN_PLURAL: frozenset[str] = frozenset(_EXCEPTIONS["same_in_plural"])
_NO_PLURAL: frozenset[str] = frozenset(_EXCEPTIONS["no_plural"])
"""Words that end like a plural and are none."""
_LOSES_S_ONLY: frozenset[str] = frozenset(_EXCEPTIONS["loses_s_only"])
"""Plurals that the rules below would cut too much of, or not at all."""
_REGULAR_AFTER_ALL: frozenset[str] = frozenset(_EXCEPTIONS["regular_after_all"])
"""Words that end like an irregular one, such as those in -man whose plural is not in -men."""

_STAYS = _NO_PLURAL | _ONLY_PLURAL | _SAME_IN_PLURAL


class Head(NamedTuple):
    """A noun in three parts, which together are the noun."""

    before: str
    word: str
    """The word that decides on number and article."""
    after: str


def head_of(noun: str) -> Head:
    """The word that decides: the last one, or the one before "of".

    >>> head_of("big piece of cake"), head_of("t-shirt").word
    (Head(before='big ', word='piece', after=' of cake'), 'shirt')
    """
    thing, of, rest = noun.partition(" of ")
    cut = max(thing.rfind(" "), thing.rfind("-")) + 1
    return Head(thing[:cut], thing[cut:], of + rest)


def singular(noun: str) -> str:
    """A noun in lower case, its last word or the one before `of` in the singular; what has no plural stays as it is.

    What is always plural (`scissors`) stays so. A noun that is one already stays, so it can be done twice.

    >>> [singular(noun) for noun in ("Hot Dogs", "people", "buses", "glass", "bookshelves", "shoes", "jeans")]
    ['hot dog', 'person', 'bus', 'glass', 'bookshelf', 'shoe', 'jeans']
    """
    before, word, after = head_of(noun.lower())
    return before + _singular_word(word) + after


def plural(noun: str) -> str:
    """A noun, its last word or the one before `of`, in the plural; what is a plural already stays.

    >>> [plural(noun) for noun in ("dog", "glass", "berry", "bookshelf", "shoe", "jeans", "people", "piece of cake")]
    ['dogs', 'glasses', 'berries', 'bookshelves', 'shoes', 'jeans', 'people', 'pieces of cake']
    """
    before, word, after = head_of(noun)
    return before + _plural_word(word) + after


def is_only_plural(noun: str) -> bool:
    """Whether a noun has no singular that anybody uses.

    >>> is_only_plural("swimming shorts"), is_only_plural("dogs")
    (True, False)
    """
    return head_of(noun.lower()).word in _ONLY_PLURAL


@lru_cache(maxsize=1 << 14)
def _singular_word(word: str) -> str:
    shorter = _without_ending(word)
    # Once more, for what is plural twice (`childrens`).
    return word if shorter == word else _singular_word(shorter)


def _without_ending(word: str) -> str:
    if len(word) < 3 or word in _STAYS:
        return word
    for plural, one in _IRREGULAR.items():
        if word.endswith(plural):
            return word.removesuffix(plural) + one
    if word in _LOSES_S_ONLY or word.endswith("shoes"):
        return word[:-1]
    if not word.endswith("s") or word.endswith(("ss", "us", "is")) or len(word) < 4:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("uses") and not word.endswith(("ouses", "auses", "fuses", "ccuses", "xcuses")):
        return word[:-2]
    return word[:-2] if word.endswith(("sses", "shes", "ches", "xes", "zzes", "oes")) else word[:-1]


def _plural_word(word: str) -> str:
    lower = word.lower()
    if not word or lower in _ONLY_PLURAL | _SAME_IN_PLURAL or _singular_word(lower) != lower:
        return word
    if lower + "s" in _LOSES_S_ONLY:
        return word + "s"
    for many, one in _IRREGULAR.items():
        if lower == one or (len(one) > 2 and lower.endswith(one) and lower not in _REGULAR_AFTER_ALL):
            return word[: len(word) - len(one)] + many
    if lower.endswith("y") and lower[-2:-1] not in tuple("aeiou"):
        return word[:-1] + "ies"
    return word + ("es" if lower.endswith(("s", "x", "z", "ch", "sh")) else "s")
