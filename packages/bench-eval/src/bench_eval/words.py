"""Graders for short answers in words and numbers; pure functions of the text and the row's `answer`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, cast

from bench_eval.errors import RowError
from bench_eval.grades import Grade

_ARTICLES = {"a", "an", "the"}
_SMALL = (
    "zero one two three four five six seven eight nine "
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {word: value for value, word in enumerate(_SMALL.split())} | {
    word: 10 * value for value, word in enumerate(_TENS.split(), start=2)
}
"""English words for 0 to 19 and the tens."""


def truths_of(row: Mapping[str, Any]) -> list[str]:
    """List the accepted answers of a row: its `answer`, a text or a list of texts.

    Raises:
        RowError: when there is none.
    """
    answer = row.get("answer")
    truths = cast("list[Any]", answer) if isinstance(answer, list | tuple) else [answer]
    if not truths or any(truth is None or str(truth).strip() == "" for truth in truths):
        raise RowError(f"row {row.get('id')!r} needs an answer that is not empty; got {answer!r}.")
    return [str(truth) for truth in truths]


def normalise(text: str) -> str:
    """Lower-case, without articles, punctuation at word edges and repeated spaces; compatibility forms unified.

    An article that is all there is stays: the letter on a sign can be an A.

    >>> normalise("  The Fire-truck. "), normalise("A “dog”!"), normalise("A.")
    ('fire-truck', 'dog', 'a')
    """
    words = unicodedata.normalize("NFKC", text).casefold().split()
    stripped = [re.sub(r"^\W+|\W+$", "", word) for word in words]
    return " ".join(word for word in stripped if word and word not in _ARTICLES) or " ".join(filter(None, stripped))


def grade_exact(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the whole text, outer spaces aside.

    >>> grade_exact(" duck ", {"answer": "duck"}).score, grade_exact("Duck", {"answer": "duck"}).score
    (1.0, 0.0)
    """
    answer = text.strip()
    return Grade(float(answer in {truth.strip() for truth in truths_of(row)}), "exact", answer)


def grade_word(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the whole text after `normalise`; an empty answer is wrong.

    >>> grade_word("It is a duck.", {"answer": "duck"}).score, grade_word("A Duck.", {"answer": "duck"}).score
    (0.0, 1.0)
    """
    answer = normalise(text)
    return Grade(float(bool(answer) and answer in {normalise(truth) for truth in truths_of(row)}), "word", answer)


def grade_yes_no(text: str, row: Mapping[str, Any]) -> Grade:
    """Take the first word as yes or no; anything else is wrong with reason `no_yes_no`.

    >>> grade_yes_no("Yes, it is.", {"answer": "yes"}).score, grade_yes_no("Perhaps", {"answer": "no"}).reason
    (1.0, 'no_yes_no')
    """
    first = normalise(text).split(" ")[0].rstrip(",.;:")
    if first not in {"yes", "no"}:
        return Grade(0.0, "no_yes_no", first)
    return Grade(float(first in {normalise(truth) for truth in truths_of(row)}), "yes_no", first)


def text_to_number(text: str) -> float | None:
    """Read the only number in a text, in digits or in English words up to 99; None when there is none, or several.

    >>> text_to_number("There are twenty-one ducks."), text_to_number("3"), text_to_number("2 or 3")
    (21.0, 3.0, None)
    """
    found = re.findall(r"(?<![\w.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)|(?<![\w.])-?\d+(?:\.\d+)?(?!\w)", text)
    numbers = {float(number.replace(",", "")) for number in found} | set(_numbers_in_words(text))
    return numbers.pop() if len(numbers) == 1 else None


def _numbers_in_words(text: str) -> list[float]:
    numbers: list[float] = []
    words = re.findall(r"[a-z]+|[^a-z\s-]", text.casefold())
    previous = ""
    for word in words:
        value = NUMBER_WORDS.get(word)
        if value is not None and 0 < value < 10 and NUMBER_WORDS.get(previous, 0) >= 20:
            numbers[-1] += value
        elif value is not None:
            numbers.append(float(value))
        previous = word
    return numbers


def grade_number(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the only number of the text with that of the answer; no number, or several, is wrong.

    Raises:
        RowError: when the row's answer holds no number.

    >>> grade_number("Three ducks.", {"answer": "3"}).score, grade_number("two or three", {"answer": 3}).reason
    (1.0, 'no_single_number')
    """
    truths = {text_to_number(truth) for truth in truths_of(row)}
    if None in truths:
        raise RowError(f"row {row.get('id')!r} needs an answer with one number; got {row.get('answer')!r}.")
    number = text_to_number(text)
    if number is None:
        return Grade(0.0, "no_single_number")
    return Grade(float(number in truths), "number", f"{number:g}")
