"""The label match of the SelfSynthX release, kept so that its accuracy can be reported beside the strict one."""

from __future__ import annotations

import re

_DELETED = re.compile(r"[^a-zA-Z -]")


def parity_norm(text: str) -> str:
    """Return a text in lower case with ASCII letters and blanks alone; hyphens become blanks, which are not collapsed.

    >>> parity_norm("Boeing 737-800")
    'boeing  '
    """
    return _DELETED.sub("", text).replace("-", " ").lower()


def parity_contains(label: str, text: str) -> bool:
    """Return whether a text contains a label after both lost all but ASCII letters and blanks.

    For comparison with published figures only. Digits are deleted, so `737-800` matches every text of two words,
    `A320` every text with an a, and `MD-80` reads like `MD-90`; words have no ends (`normal` is in `abnormal`),
    negation does not count, a text that names every label has them all, and an underscore joins words.

    >>> parity_contains("A320", "It is an A330."), parity_contains("normal", "It is abnormal.")
    (True, True)

    Source: evaluation and answer selection of the code released with arXiv 2502.14044.
    """
    return parity_norm(label) in parity_norm(text)
