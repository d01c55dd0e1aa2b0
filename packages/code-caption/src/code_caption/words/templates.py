"""Texts with named places, checked when they are made."""

from __future__ import annotations

import string

from code_caption.errors import SettingsError

IMAGE_MARK = "<image>"
"""What stands for an image in LLaVA JSON; it cannot be part of a text."""

Places = tuple[frozenset[str], ...]
"""The places of a template; of each set exactly one must be there."""


def check_template(
    name: str, text: object, places: Places, *, more: frozenset[str] = frozenset(), just_one: bool = True
) -> None:
    """Make sure that a text has the places that it needs, and no other ones.

    Args:
        name: of the text, for the message.
        text: the template.
        places: of each set one must be there.
        more: places that may be there.
        just_one: of each set no more than one may be there.

    Raises:
        SettingsError: `wording`: it is no such text.
    """
    if not isinstance(text, str) or not text.strip() or IMAGE_MARK in text:
        raise SettingsError("wording", f"wording `{name}` must be a text without {IMAGE_MARK}; got {text!r}.")
    found, known = _bare_places(name, text), more.union(*places)
    if unknown := sorted(found - known):
        raise SettingsError(
            "wording", f"wording `{name}` knows {_braced(known) or 'no places'}; got {{{unknown[0]}}} in {text!r}."
        )
    for either in places:
        there = len(found & either)
        if not there or (just_one and there > 1):
            one = "one of " if just_one else "at least one of "
            wanted = (one if len(either) > 1 else "") + _braced(either)
            raise SettingsError("wording", f"wording `{name}` must hold {wanted}; got {text!r}.")


def _bare_places(name: str, text: str) -> set[str]:
    try:
        fields = [part[1:] for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise SettingsError("wording", f"wording `{name}` must hold places in braces: {error}; got {text!r}.") from None
    if any(spec or conversion for _, spec, conversion in fields):
        raise SettingsError("wording", f"wording `{name}` must hold bare places such as {{name}}; got {text!r}.")
    return {str(place) for place, _, _ in fields}


def _braced(places: frozenset[str]) -> str:
    return ", ".join(f"{{{place}}}" for place in sorted(places))
