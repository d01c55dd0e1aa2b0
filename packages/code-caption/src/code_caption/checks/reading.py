"""The reading rule: text that was read twice alike, filed with the smallest box that holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from code_caption.checks.drops import Drop
from code_caption.checks.geometry import covered_share
from code_caption.checks.no_text import says_no_text
from code_caption.checks.sightings import Sighting
from code_caption.corners import area

RULE = "reading"

NESTED_SHARE = 0.9
"""A box lies in another one if this share of it does."""

_QUOTED = re.compile(r"([\"'`“‘]+)(.*?)([\"'`”’]+)\.?")
"""Quotation marks around all of it; a full stop after them is the model's own."""
_QUOTES = {'"“”': re.compile(r"[\"“”]"), "'`‘’": re.compile(r"(?<!\w)['`‘’]|['`‘’](?!\w)")}
"""Marks of one kind, and where they stand as quotation marks: an apostrophe within a word is none."""


def read_text(reply: str) -> str:
    """What was read; empty where a model says that there is nothing.

    >>> [read_text(reply) for reply in (' "MV TERN".', "Joe's 5'", '"EXIT" and "ENTER"')]
    ['MV TERN', "Joe's 5'", '"EXIT" and "ENTER"']
    >>> [read_text(reply) for reply in ("No.", "N/A", "There is no text in this image.")]
    ['', '', '']
    """
    read = " ".join(reply.split())
    return "" if says_no_text(_plain(read)) else _unquoted(read)


def similarity(a: str, b: str) -> float:
    """1 - edits / length of the longer, of texts without case, punctuation and doubled spaces.

    >>> similarity("MV Tern", "mv  tern!"), round(similarity("MV TERN", "MV TURN"), 2)
    (1.0, 0.86)
    """
    a, b = _plain(a), _plain(b)
    longest = max(len(a), len(b))
    return 1.0 if not longest else 1 - _edits(a, b) / longest


def agree(
    sightings: Sequence[Sighting], readings: Mapping[int, Sequence[str]], *, least_similarity: float
) -> tuple[dict[int, str], list[Drop]]:
    """Texts that were read twice alike, by key, and what was left out.

    Returns:
        The first reading of each, and drops with reason `read_once`, `disagree` or `nested` (a smaller box in it holds
        the same text).
    """
    texts: dict[int, str] = {}
    drops: list[Drop] = []
    for one in sightings:
        first, *more = [*readings.get(one.key, ()), ""][:3]
        second = more[0] if more else ""
        if not first:
            continue
        if not second or similarity(first, second) < least_similarity:
            reason = "disagree" if len(readings[one.key]) > 1 else "read_once"
            drops.append(Drop(RULE, reason, one.name, (one.key,), f"{first!r} and {second!r}"))
        else:
            texts[one.key] = first
    nested = [(outer, texts[outer.key]) for outer in sightings if _is_inside_said(outer, sightings, texts)]
    drops += [Drop(RULE, "nested", outer.name, (outer.key,), repr(text)) for outer, text in nested]
    inner = {outer.key for outer, _ in nested}
    return {key: text for key, text in texts.items() if key not in inner}, drops


def _is_inside_said(outer: Sighting, sightings: Sequence[Sighting], texts: Mapping[int, str]) -> bool:
    """Whether a smaller box in this one says the same."""
    return outer.key in texts and any(
        _plain(texts[one.key]) == _plain(texts[outer.key])
        and area(one.box_xyxy_px) < area(outer.box_xyxy_px)
        and covered_share(one.box_xyxy_px, outer.box_xyxy_px) >= NESTED_SHARE
        for one in sightings
        if one.key in texts and one.key != outer.key
    )


def _unquoted(read: str) -> str:
    """A text without the marks around it, unless they belong to two quotations."""
    quoted = _QUOTED.fullmatch(read)
    if quoted is None:
        return read
    before, inner, after = quoted.groups()
    if any(set(marks) & {*before, *after} and within.search(inner) for marks, within in _QUOTES.items()):
        return read
    return inner.strip()


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())


def _edits(a: str, b: str) -> int:
    """Levenshtein distance, row by row."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]
