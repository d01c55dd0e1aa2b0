"""Grader for multiple choice: a letter, or the text of an option."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from bench_eval.errors import RowError
from bench_eval.final_texts import final_text
from bench_eval.grades import Grade
from bench_eval.letter_forms import committed_letters, concluded_letter
from bench_eval.words import normalise, text_to_number, truths_of

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHOICE_RULE = (
    "The first form that commits to a letter counts, then an option that the text names; several letters, or none, are "
    "no answer and wrong; thinking is cut off."
)
"""What `grade_choice` does, in one sentence for profiles."""


def text_to_letter(text: str, options: Sequence[str]) -> str | None:
    """Find the option that a text commits to, as its letter; None when there is none or several.

    Thinking is cut off. Then the first of these that is there decides, also where it names several letters or one
    beyond the options: the whole text is that of one option, as it stands or normalised; a form that commits to a
    letter (`committed_letters`); the text names one option; it ends with a letter behind a word such as `so`.

    >>> text_to_letter("(b) red", ["blue", "red"]), text_to_letter("It is red.", ["blue", "red"])
    ('B', 'B')
    >>> text_to_letter("red or blue", ["blue", "red"]) is None
    True
    """
    text = unicodedata.normalize("NFKC", final_text(text))
    allowed = LETTERS[: len(options)]
    said, named = normalise(text), [normalise(option) for option in options]
    exact = [unicodedata.normalize("NFKC", option).strip() for option in options]
    for whole, texts in ((text, exact), (said, named)):  # options can differ in capitals alone
        if len(whole) > 1 and texts.count(whole) == 1:
            return allowed[texts.index(whole)]
    if letters := committed_letters(text, options):
        return letters.pop() if len(letters) == 1 and letters <= set(allowed) else None
    if (place := _named_option(text, said, named)) is not None:
        return allowed[place]
    letter = concluded_letter(text)
    return letter if letter and letter in allowed else None


def _named_option(text: str, said: str, named: Sequence[str]) -> int | None:
    """Place of the only option that a text names.

    Of options that are yes and no the first word decides; options that are numbers are compared as numbers, in digits
    or in words; others must occur as words, one alone or within no other, and not just behind `not`.
    """
    if not said:
        return None
    if set(named) == {"yes", "no"} and (first := re.split(r"\W", said, maxsplit=1)[0]) in named:
        return named.index(first)
    if all(re.fullmatch(r"\d+", option) for option in named):
        number = text_to_number(text)
        equal = [place for place, option in enumerate(named) if float(option) == number]
    else:
        inside = [option for option in named if _has_words(said, option)]
        equal = [
            place
            for place, option in enumerate(named)
            if option in inside and not any(one != option and _has_words(one, option) for one in inside)
        ]
    return equal[0] if len(equal) == 1 else None


def _has_words(text: str, words: str) -> bool:
    return bool(words) and re.search(rf"(?<!\bnot )(?<!\w){re.escape(words)}(?!\w)", text) is not None


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
