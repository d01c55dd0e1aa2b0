"""Pairs and refusals, told apart; what every reader of pairs ends with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeGuard

from svco_loss.pairs.mvc import CheckedPairs, ImagePair, RefusedPair


def told_apart(verdicts: Iterable[ImagePair | RefusedPair]) -> CheckedPairs:
    """Return the pairs and the refusals of a reader, each in order."""
    found = list(verdicts)
    pairs = tuple(one for one in found if isinstance(one, ImagePair))
    return CheckedPairs(pairs, tuple(one for one in found if isinstance(one, RefusedPair)))


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
