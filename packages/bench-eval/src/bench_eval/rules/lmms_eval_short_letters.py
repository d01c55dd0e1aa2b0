"""lmms-eval's short rules for CV-Bench and ScienceQA, which have letters of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import grade_letter

_FIRST = re.compile(r"[(\s]*([A-Z])", re.IGNORECASE)


def grade_cv_bench_lmms_eval(text: str, row: Mapping[str, Any]) -> Grade:
    """Take the first letter behind spaces and open brackets, whatever follows it: `A toy` says A, `The` says T.

    Source: lmms-eval, `tasks/cv_bench/utils.py`.

    >>> grade_cv_bench_lmms_eval("(b) red", {"options": ["blue", "red"], "answer": "(B)"}).score
    1.0
    """
    return grade_letter(text, row, lambda said, _: _first_letter(said))


def _first_letter(text: str) -> str | None:
    match = _FIRST.match(text)
    return match[1].upper() if match else None


def grade_science_qa_lmms_eval(text: str, row: Mapping[str, Any]) -> Grade:
    """Take a lone letter in any case, or a capital before a period; no sentence is searched.

    Source: lmms-eval, `tasks/scienceqa/utils.py`.

    >>> row = {"options": ["cat", "dog"], "answer": "B"}
    >>> [grade_science_qa_lmms_eval(text, row).score for text in ("b", "B. dog", "b. dog", "The answer is B.")]
    [1.0, 1.0, 0.0, 0.0]
    """
    return grade_letter(text, row, lambda said, _: _lone_letter(said.strip()))


def _lone_letter(text: str) -> str | None:
    if len(text) == 1 and text.isalpha():
        return text.upper()
    return text[0] if len(text) >= 2 and text[0].isupper() and text[1] == "." else None
