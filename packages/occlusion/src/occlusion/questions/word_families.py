"""Whether one word gives another away: words of one stem, and words joined of others."""

from __future__ import annotations

from functools import lru_cache
from itertools import takewhile

_SHORTEST_STEM = 4
_SHORTEST_JOINED_PART = 3
_INFLECTIONS = frozenset({"", "s", "e", "es", "y", "ies", "ie", "ed", "ing", "ings"})
_DERIVATIONS = frozenset(
    {"er", "ers", "or", "ors", "ery", "al", "ic", "ics", "ist", "ists", "ian", "ians", "ion", "ions", "ism", "ful"}
)
_ENDINGS = _INFLECTIONS | _DERIVATIONS


@lru_cache(maxsize=50_000)
def are_one_family(word: str, other: str) -> bool:
    """Say whether two lower-case words share a stem, or whether one is written together of the other and a third.

    Derivation counts by ending (`clothes` and `clothing`, `musician` and `musical`, `baker` and `bakery`), joined
    words by letters (`goldfish` and `fish`, `houseplant` and `plant`). Pairs that letters cannot show, such as `gift`
    and `give`, are not found.

    >>> are_one_family("clothes", "clothing"), are_one_family("goldfish", "fish"), are_one_family("plane", "plant")
    (True, True, False)
    """
    return word == other or _share_a_stem(word, other) or _is_joined_of(word, other) or _is_joined_of(other, word)


def _share_a_stem(word: str, other: str) -> bool:
    """Try stems from the longest on: `machin` of `machine` and `machinery`."""
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(word, other, strict=False)))
    cuts = range(shared, _SHORTEST_STEM - 1, -1)
    return any(word[cut:] in _ENDINGS and other[cut:] in _ENDINGS for cut in cuts)


def _is_joined_of(whole: str, part: str) -> bool:
    rest = len(whole) - len(part)
    if min(len(part), rest) < _SHORTEST_JOINED_PART:
        return False
    return whole.startswith(part) or whole.endswith(part)
