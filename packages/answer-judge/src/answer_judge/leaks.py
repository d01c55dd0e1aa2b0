"""Answers that betray what the model was told and a user would not have told it."""

from __future__ import annotations

import re

_TOLD = r"(?:provided|given|supplied|listed|mentioned|stated|aforementioned|above|above-mentioned)"
_NOUN = (
    r"(?:(?:visual|visible|key|distinctive|distinguishing|image|class|true|correct|following) )*"
    r"(?:features?|information|concepts?|labels?|lists?|details?|descriptions?|attributes?|characteristics?|hints?"
    r"|class name)"
)
_SHOWN = (
    r"(?! (?:in|by|from|within) (?:the|this|that|an?) (?:\w+ )?"
    r"(?:image|picture|photo|photograph|scan|x-?ray|radiograph)\b)"
)

LEAK_PHRASES: tuple[tuple[str, str], ...] = (
    ("the provided features", rf"\b{_TOLD} {_NOUN}\b{_SHOWN}"),
    ("the features provided", rf"\b{_NOUN} (?:that |which )?(?:you |i )?(?:was |were |is |are |have |has )?(?:been )?"
     rf"{_TOLD}\b{_SHOWN}"),
    ("as mentioned in the list", r"\b(?:as|was|were|is|are) \w+ (?:in|by|on) (?:the|your|this) "
     r"(?:list|prompt|question|instructions?|bullet points?|labels?)\b"),
    ("according to the list", r"\b(?:according to|based on|matches|match|matching|from|fits?|per) (?:the|your|this) "
     r"(?:list|prompt|labels?|bullet points?|information|concepts)\b" + _SHOWN),
    ("the correct label", r"\b(?:the|its) (?:true|correct|known|ground[- ]truth) (?:label|class|answer)\b"),
    ("you mentioned", r"\byou(?:'ve| have)? (?:just )?(?:provided|mentioned|gave|given|listed|told|supplied|stated)\b"),
    ("I was told", r"\bi (?:was|have been|am|'m) (?:told|given|informed|provided)\b"),
    ("bullet points", r"\bbullet(?:ed)? (?:points?|list)\b"),
)  # fmt: skip
"""What each pattern is for, and the pattern, read in lower case with single blanks."""

_LEAK = re.compile("|".join(f"(?:{pattern})" for _, pattern in LEAK_PHRASES))


def find_leak(text: str) -> str:
    """Return the first words that betray privileged information, in lower case; empty if there are none.

    What is provided or given *in the image* betrays nothing.

    >>> find_leak("Based on the provided features, it is a Boeing 717.")
    'provided features'
    >>> find_leak("The details provided in the image show a gull.")
    ''
    """
    match = _LEAK.search(" ".join(text.lower().replace("’", "'").split()))
    return match[0] if match else ""
