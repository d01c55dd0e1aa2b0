"""What every rule for option letters shares: the row's options, its true letter, and the grade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from bench_eval.choices import LETTERS
from bench_eval.errors import RowError
from bench_eval.grades import Grade

LetterRule: TypeAlias = Callable[[str, Sequence[str]], str | None]
"""Answer text and options -> capital letter, or None where the rule finds none."""


def grade_letter(text: str, row: Mapping[str, Any], rule: LetterRule) -> Grade:
    """Compare the letter that a rule finds with the row's `answer`, a letter with or without brackets.

    Raises:
        RowError: the row has no options, or its answer is none of their letters.

    >>> grade_letter("B", {"options": ["cat", "dog"], "answer": "(b)"}, lambda text, options: text)
    Grade(score=1.0, reason='letter', answer='B')
    """
    options = options_of(row)
    truth = true_letter(row, len(options))
    letter = rule(text, options)
    return Grade(float(letter == truth), "letter" if letter else "no_letter", letter or "")


def options_of(row: Mapping[str, Any]) -> list[str]:
    """List the texts of a row's options.

    Raises:
        RowError: there are none, or more than there are letters.
    """
    options = [str(option) for option in row.get("options") or ()]
    if not 1 <= len(options) <= len(LETTERS):
        raise RowError(f"row {row.get('id')!r} needs 1 to {len(LETTERS)} options; got {row.get('options')!r}.")
    return options


def true_letter(row: Mapping[str, Any], n_options: int = len(LETTERS)) -> str:
    """Return a row's `answer` as a capital letter: `A`, `a`, `(A)`.

    Raises:
        RowError: it is no letter, or beyond the options.
    """
    letter = str(row.get("answer")).strip().strip("()").upper()
    if len(letter) != 1 or letter not in LETTERS[:n_options]:
        raise RowError(
            f"row {row.get('id')!r} needs a letter from A to {LETTERS[n_options - 1]} as answer; "
            f"got {row.get('answer')!r}."
        )
    return letter
