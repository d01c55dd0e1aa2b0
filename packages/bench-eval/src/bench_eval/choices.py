"""Grader for multiple choice: a letter, or the text of an option."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bench_eval.errors import RowError
from bench_eval.grades import Grade
from bench_eval.words import normalise, truths_of

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WHOLE = re.compile(r"^\W*([A-Za-z])\W*$")
_LEADING = re.compile(r"^\s*(?:\(([A-Za-z])\)|([A-Z])[.):,])(?=\s|$)")
_STATED = re.compile(r"\b(?i:answer|option|choice)\s*(?:is|:)?\s*(?:option\s*)?\(?([A-Z])\)?(?![\w'’])")


def text_to_letter(text: str, options: Sequence[str]) -> str | None:
    """Find the option that a text commits to, as its letter; None when there is none or several.

    In order: the whole text is a letter; it begins with one (`B.`, `(b)`); it states one (`the answer is B`); the whole
    text is an option; exactly one option occurs in it as words.

    >>> text_to_letter("(b) red", ["blue", "red"]), text_to_letter("It is red.", ["blue", "red"])
    ('B', 'B')
    >>> text_to_letter("red or blue", ["blue", "red"]) is None
    True
    """
    allowed = LETTERS[: len(options)]
    for letters in (_letters(_WHOLE, text), _letters(_LEADING, text), _letters(_STATED, text)):
        if letters:
            return letters.pop() if len(letters) == 1 and letters <= set(allowed) else None
    said, named = normalise(text), [normalise(option) for option in options]
    if said in named:
        return allowed[named.index(said)] if named.count(said) == 1 else None
    inside = {letter for letter, option in zip(allowed, named, strict=True) if _has_words(said, option)}
    longest = {letter for letter in inside if not any(_is_part(named, allowed, letter, other) for other in inside)}
    return longest.pop() if len(longest) == 1 else None


def _letters(pattern: re.Pattern[str], text: str) -> set[str]:
    return {next(group for group in match.groups() if group).upper() for match in pattern.finditer(text)}


def _has_words(text: str, words: str) -> bool:
    return bool(words) and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def _is_part(named: Sequence[str], allowed: str, letter: str, other: str) -> bool:
    """Whether the option of `letter` is a proper part of the option of `other`."""
    mine, theirs = named[allowed.index(letter)], named[allowed.index(other)]
    return mine != theirs and _has_words(theirs, mine)


def grade_choice(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the chosen option with the answer, a letter or the text of an option; `options` lists the texts.

    Raises:
        RowError: when the row has no options, or an answer that is none of them.

    >>> grade_choice("B", {"answer": "red", "options": ["blue", "red"]}).score
    1.0
    """
    options = [str(option) for option in row.get("options") or ()]
    if not 2 <= len(options) <= len(LETTERS):
        raise RowError(f"row {row.get('id')!r} needs 2 to {len(LETTERS)} options; got {row.get('options')!r}.")
    truths = {text_to_letter(truth, options) for truth in truths_of(row)}
    if None in truths:
        raise RowError(f"row {row.get('id')!r} needs one of its options as answer; got {row.get('answer')!r}.")
    letter = text_to_letter(text, options)
    return Grade(float(letter in truths), "choice" if letter else "no_choice", letter or "")
