"""Model output is untrusted text: cut and made printable here, escaped by the template engine."""

from __future__ import annotations

import re
from typing import Any

MAX_TEXT_CHARS = 4000
"""Longer texts are cut, and the cut is stated."""

MAX_NAME_CHARS = 300
"""The same for names: of items, tags, rungs and columns."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff\ufffe\uffff]")


def to_printable(value: Any) -> Any:
    """Replace what cannot stand in an HTML file or would disguise other text by U+FFFD; keep the rest.

    These are NUL, control characters, lone surrogates, and overrides of the direction of text (U+202D, U+202E).

    >>> to_printable("duck\\x00"), to_printable(3)
    ('duck�', 3)
    """
    if isinstance(value, str) and _UNPRINTABLE.search(value):
        return type(value)(_UNPRINTABLE.sub("\ufffd", value))
    return value


def shorten(text: str, max_chars: int) -> str:
    """Cut a text after `max_chars` characters and say how many are left out.

    >>> shorten("abcdef", 4), shorten("abcd", 4)
    ('abcd … (2 more characters)', 'abcd')
    """
    left_out = len(text) - max_chars
    return text if left_out <= 0 else f"{text[:max_chars]} … ({left_out} more characters)"


def to_text(text: str) -> str:
    """Cut what a model wrote, and make it printable."""
    return to_printable(shorten(text, MAX_TEXT_CHARS))


def to_name(text: str) -> str:
    """Cut a name, and make it printable."""
    return to_printable(shorten(text, MAX_NAME_CHARS))
