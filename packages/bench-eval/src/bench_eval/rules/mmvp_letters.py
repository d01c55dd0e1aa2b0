"""Rules for MMVP's two options: lmms-eval's patterns and Cambrian's equality."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench_eval.choices import LETTERS
from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import grade_letter, options_of, true_letter

_FORMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^\(?([ab])\)?(?:[.\s]|$)",
        r"answer\s+is\s+\(?([ab])",
        r"option\s+\(?([ab])",
        r"([ab])\)?(?:\s|$)",
    )
)
"""First its begin, then phrases, then any A or B before a space or the end, even one that ends a word."""
_INTRODUCTIONS = ("answer is", "answer is:", "answer:")


def grade_mmvp_lmms_eval(text: str, row: Mapping[str, Any]) -> Grade:
    """Take A or B by lmms-eval's forms, in any case; last of all a first character that is one: `Both` says B.

    Source: lmms-eval, `tasks/mmvp/utils.py`. Compare with corrected labels: lmms-eval has no others.

    >>> row = {"options": ["Open", "Closed"], "answer": "(b)"}
    >>> [grade_mmvp_lmms_eval(text, row).score for text in ("B.", "(b) Closed", "The answer is B", "Closed")]
    [1.0, 1.0, 1.0, 0.0]
    """
    return grade_letter(text, row, lambda said, _: _letter(said.strip()))


def _letter(text: str) -> str | None:
    for form in _FORMS:
        if match := form.search(text):
            return match[1].upper()
    return text[0].upper() if text[:1] in {"a", "A", "b", "B"} else None


def grade_mmvp_cambrian(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare what follows the last `answer is` or `answer:` with the letter, then with the true option's text.

    In any case, without an open bracket before it and closing marks behind it; `(B) Closed` is neither.

    Source: Cambrian, `eval/eval/mmvp/mmvp_test.py`.

    >>> row = {"options": ["Open", "Closed"], "answer": "(b)"}
    >>> [grade_mmvp_cambrian(text, row).score for text in ("The answer is (B).", "closed", "(B) Closed")]
    [1.0, 1.0, 0.0]
    """
    said = text.lower().strip()
    for introduction in _INTRODUCTIONS:
        said = said.rpartition(introduction)[2]
    said = said.strip().rstrip(".:,").lstrip("(").rstrip(")")
    options = [option.lower() for option in options_of(row)]
    letters = LETTERS[: len(options)]
    truth = letters.index(true_letter(row, len(options)))
    named = [letter for letter, option in zip(letters, options, strict=True) if said in (letter.lower(), option)]
    is_right = said in (letters[truth].lower(), options[truth])
    return Grade(
        float(is_right), "letter" if named else "no_letter", letters[truth] if is_right else "".join(named[:1])
    )
