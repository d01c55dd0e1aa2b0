"""Categories by name, in any way of writing it; a name that fits two of them is no answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from occlusion.errors import OcclusionError
from occlusion.words.nouns import singular


def plain_name(name: str) -> str:
    """Return a name without case, hyphens and underscores, with single spaces.

    >>> plain_name(" Traffic_Light "), plain_name("T-shirt")
    ('traffic light', 't shirt')
    """
    return " ".join(name.casefold().replace("-", " ").replace("_", " ").split())


def thing_name(name: str) -> str:
    """Return the same in the singular: one for all spellings of a noun.

    >>> thing_name("Traffic_Lights")
    'traffic light'
    """
    return singular(plain_name(name))


_FORMS: tuple[Callable[[str], str], ...] = (str.strip, plain_name, thing_name)  # The closest first.


class CategoryNames:
    """Finds entries of `categories` by name: letter for letter, then by `plain_name`, then in the singular.

    >>> names = CategoryNames([{"name": "glass"}, {"name": "glasses"}, {"name": "T-shirt"}])
    >>> [names.find(name) for name in ("Glasses", "t-shirts", "cup")]
    [{'name': 'glasses'}, {'name': 'T-shirt'}, None]
    """

    def __init__(self, categories: Iterable[Mapping[str, Any]]) -> None:
        """Index entries by their `name`."""
        self._by_form: list[dict[str, list[Mapping[str, Any]]]] = [defaultdict(list) for _ in _FORMS]
        for one in categories:
            for form, index in zip(_FORMS, self._by_form, strict=True):
                index[form(str(one["name"]))].append(one)

    def find(self, name: str) -> Mapping[str, Any] | None:
        """Return the entry of a name, or None.

        Raises:
            OcclusionError: `ambiguous_category`: the name fits two, and is exactly neither.
        """
        for form, index in zip(_FORMS, self._by_form, strict=True):
            found = index.get(form(name), [])
            if len(found) > 1:
                fits = ", ".join(repr(str(one["name"])) for one in found)
                message = f"{name!r} must fit one category of the annotations; got {fits}. Write the one that is meant."
                raise OcclusionError("ambiguous_category", message)
            if found:
                return found[0]
        return None
