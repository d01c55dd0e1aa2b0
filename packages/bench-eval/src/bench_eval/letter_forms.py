"""Forms in which a text commits to a letter, from the surest to the least sure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bench_eval.words import normalise

_OPEN, _CLOSE = r"[*_$\[({\s]*", r"[*_$\])}]*"
_LETTER = rf"{_OPEN}([A-Z])(?![\w'’]){_CLOSE}"
"""A capital letter that stands alone, also in brackets or emphasis."""
_JOINED = r"\s*(?:,|/|&|\bor\b|\band\b)\s*(?:\bor\b|\band\b)?"
_OTHER = rf"{_OPEN}([A-HJ-Z])(?![\w'’]){_CLOSE}"
"""Another letter beside the first; I is a word there."""
_LETTERS = rf"{_LETTER}(?:{_JOINED}{_OTHER})?"
_NOT_WRONG = r"(?!\s+is\s+(?:not|in|wrong|false))"

_LINE = re.compile(r"^\W*([A-Za-z])\W*$", re.MULTILINE)
_LEADING = re.compile(
    r"^[\s*_]*(?:[(\[]([A-Za-z])[)\]]|([A-Z])[*_]*[.):,])(?!\w)"
    rf"(?!{_JOINED}{_OTHER})(?<!,(?=\s*{_OTHER}(?:$|{_JOINED})))"
)
_BOXED = re.compile(r"\\boxed\{\s*(?:\\text\{\s*)?\(?([A-Z])\)?(?!\w)")
_STATED = re.compile(
    r"\b(?i:answer|(?:correct|right|best)\s+(?:option|choice))\b[\s*_]*(?i:\b(?:is|would be|should be)\b)?[\s*_:=]*"
    rf"(?i:\b(?:option|choice)\b)?{_LETTERS}"
)
_STATED_SMALL = re.compile(r"\b(?i:answer)(?i:\s+is)?[\s*_:=]*(?:\(([a-z])\)|([a-z])[.\s]*$)")
_CHOSEN = re.compile(rf"\b(?i:choose|chose|pick|select|go with)\b(?i:\s+(?:option|choice)\b)?{_LETTERS}")
_CALLED_RIGHT = re.compile(r"(?<![\w'’])\(?([A-Z])\)?\s+is\s+(?:the\s+)?(?:correct|right|best|true|answer)\b")
_NAMED = re.compile(rf"\b(?i:option|choice)\b[\s*_:]*{_LETTERS}{_NOT_WRONG}")
_BRACKETED = re.compile(rf"\(([A-Z])\){_NOT_WRONG}")
_CONCLUDED = re.compile(rf"(?:\b(?i:is|be|so|say|thus|hence|therefore)\b[:,]?|[:=>→]){_LETTER}[.\s]*$")

_LABELS = re.compile(r"(?:^|(?<=\s))\(?([A-Z])[).:](?!\w)")


def committed_letters(text: str, options: Sequence[str]) -> set[str]:
    """Letters of the first form that occurs in a text, as capitals, also those beyond the options.

    In order: a line is nothing but a letter; the text begins with one (`B.`, `(b)`); `\\boxed{B}`; `the answer is B`;
    `I choose B`; `B is correct`; `option B`; `(B)`. A text that repeats the list of options has no form with labels.

    >>> committed_letters("The answer is (B).", ["cat", "dog"]), committed_letters("A cat", ["cat", "dog"])
    ({'B'}, set())
    """
    named = [normalise(option) for option in options]
    labels = _LABELS.findall(text)
    is_list = len(options) > 1 and labels[: len(options)] == [chr(ord("A") + k) for k in range(len(options))]
    labelled = [] if is_list else [_LEADING]
    bracketed = [] if is_list else [_BRACKETED]
    forms = [_LINE, *labelled, _BOXED, _STATED, _STATED_SMALL, _CHOSEN, _CALLED_RIGHT, _NAMED, *bracketed]
    found = ({letter for match in form.finditer(text) for letter in _letters(match, text, named)} for form in forms)
    return next(filter(None, found), set[str]())


def concluded_letter(text: str) -> str | None:
    """The letter that a text ends with behind a word such as `is` or `so`; a weak form.

    >>> concluded_letter("It can't be red, so B."), concluded_letter("Vitamin C") is None
    ('B', True)
    """
    match = _CONCLUDED.search(text)
    return match[1] if match else None


def _letters(match: re.Match[str], text: str, named: Sequence[str]) -> Iterator[str]:
    """Letters of a match; none where a capital A is the article of another option (`the answer: A red one`)."""
    letters = [group.upper() for group in match.groups() if group]
    rest = normalise(text[match.end() :])
    is_bare_a = letters == ["A"] and text[match.end() - 1] == "A"
    begun = [option for option in named if _begins(rest, option)] if is_bare_a else []
    if not begun or named[0] in begun:
        yield from letters


def _begins(text: str, words: str) -> bool:
    return bool(words) and re.match(rf"{re.escape(words)}(?!\w)", text) is not None
