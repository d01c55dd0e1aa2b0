"""Texts that no tokenizer takes: one would fail its whole batch."""

from __future__ import annotations


def is_unicode(text: str) -> bool:
    r"""Say whether a text can be written as UTF-8; a lone surrogate, half of a character, cannot.

    >>> is_unicode("a red dog"), is_unicode("a \ud83d dog")
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
