"""Option letters as lmms-eval's shared extractor finds them: every place of a letter, ranked by its form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench_eval.choices import LETTERS

A_TO_D = ("", "", "", "")
"""Options of tasks where lmms-eval looks for A to D, however many a question has."""
_OUTER = (",", ".", "!", "?", ";", ":", "'", '"')
"""Stripped from the ends, each once and in this order."""
_NOUNS = ("answer", "correct answer", "best answer", "correct option", "best option", "choice", "correct choice")
_ENGLISH = (*(f"{noun} is" for noun in _NOUNS), *(f"the {noun} is" for noun in _NOUNS), "my answer is", "my choice is")
_OTHERS = ("i choose", "i select", "i pick", "옵션", "정답은", "답은", "답:", "答案是", "答案为", "选", "答えは")
_PHRASES = (*_ENGLISH, *_OTHERS)
"""Words that announce an answer. Their first place counts, so the longer ones are not idle: they can stand later."""
_START, _END, _PHRASE, _ANYWHERE = 10, 9, 7, 0
_FORMS = (("({})", 6), ("{}.", 5), ("{}:", 4), ("{})", 3), ("{} ", 2))
"""Forms of a letter and their ranks; what stands before it, even a word that it ends, is not looked at."""


class _Place(NamedTuple):
    rank: int
    position: int
    letter: str


def extract_letter_lmms_eval(text: str, options: Sequence[str]) -> str | None:
    """Find the letter that lmms-eval's shared extractor takes; None where no option's letter occurs as a capital.

    Best first: the text begins with the letter, ends with it, has it anywhere after words such as `answer is`; then
    `(A)`, `A.`, `A:`, `A)`, `A` before a space; without any of these a letter inside any word. Of equal forms the
    later place wins. The options' texts are not looked at.

    Source: lmms-eval, `tasks/_task_utils/mcq_extract.py`, as of spring 2026; a later rewrite is stricter.

    >>> extract_letter_lmms_eval("(A) is wrong, so the answer is (B)", ["cat", "dog"])
    'B'
    >>> extract_letter_lmms_eval("It is a dog", ["cat", "dog"]) is None
    True
    """
    inner = text.strip()
    for mark in _OUTER:
        inner = inner.strip(mark)
    letters = LETTERS[: len(options)]
    places = [*_formed(inner, letters)] or [*_anywhere(inner, letters)]
    return max(places, key=lambda place: place[:2]).letter if places else None


def _formed(inner: str, letters: str) -> Iterator[_Place]:
    padded, bare = f" {inner} ", inner.strip()
    lowered = padded.lower()
    ends = [start + len(phrase) for phrase in _PHRASES if (start := lowered.find(phrase)) >= 0]
    for letter in letters:
        for form, rank in _FORMS:
            yield from _found(rank, padded.rfind(form.format(letter)), letter)
        for end in ends:
            yield from _found(_PHRASE, padded.find(letter, end), letter)
        if bare.startswith(letter) and not bare[1:2].isalpha():
            yield _Place(_START, 0, letter)
        if bare.endswith(letter) and not bare[-2:-1].isalpha():
            yield _Place(_END, len(padded), letter)


def _anywhere(inner: str, letters: str) -> Iterator[_Place]:
    for letter in letters:
        yield from _found(_ANYWHERE, inner.rfind(letter), letter)


def _found(rank: int, position: int, letter: str) -> Iterator[_Place]:
    if position >= 0:
        yield _Place(rank, position, letter)
