"""What counts as text, whoever reads it from a file."""

from __future__ import annotations

from typing import TypeGuard


def is_text(value: object) -> TypeGuard[str]:
    r"""Return whether a value is text that can be written to a file, tokenized and shown.

    >>> is_text("Zwei Hunde 🐕"), is_text(7), is_text("half an emoji: \ud83d"), is_text("cut\0off")
    (True, False, False, False)
    """
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
