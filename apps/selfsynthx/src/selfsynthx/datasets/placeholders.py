"""Places in braces in a text: which there are, whether they are known, and filling them in one pass."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

_PLACE = re.compile(r"\{(\w+)\}")


def places_of(text: str) -> tuple[str, ...]:
    """Names of the places of a text, in order.

    >>> places_of("Is this {a_label} or another {noun}?")
    ('a_label', 'noun')
    """
    return tuple(_PLACE.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """A text with its places filled; what is filled in is not looked at again, so a label may hold braces.

    >>> fill("It is {a_label}.", {"a_label": "a {noun}", "noun": "bird"})
    'It is a {noun}.'

    Raises:
        KeyError: a place has no value.
    """
    return _PLACE.sub(lambda place: values[place[1]], text)


def check_places(text: str, *, known: Collection[str], one_of: Collection[Collection[str]] = ()) -> str:
    """The text, if it is not blank, has known places only, and of each group of `one_of` at least one.

    Raises:
        ValueError: it is not; the message names the nearest known place.
    """
    if not text.strip():
        raise ValueError("a text must not be blank")
    places = places_of(text)
    for place in places:
        if place not in known:
            near = get_close_matches(place, known, n=1, cutoff=0.4)
            hint = f"; did you mean {{{near[0]}}}?" if near else ""
            raise ValueError(f"{{{place}}} is no place of this text; known: {_listed(known)}{hint}")
    if set(_PLACE.sub("", text)) & set("{}"):
        raise ValueError(f"a brace must belong to a place such as {_listed(known)}; got {text!r}")
    for group in one_of:
        if not set(group) & set(places):
            raise ValueError(f"a text needs {' or '.join(f'{{{name}}}' for name in group)}; got {text!r}")
    return text


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
