"""LLaVA's rule for ScienceQA: a bare letter, a labelled one, or one sentence that states it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import grade_letter

_KNOWN = "ABCDE"
_STATED = re.compile(r"The answer is ([A-Z]).")
"""Takes one character more, whichever it is: a letter that ends the text is not found."""


def grade_science_qa_llava(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the letter that LLaVA's script takes; capitals and spaces matter.

    The whole text is one of A to E; or it begins with one, a period and a space; or `The answer is X` and one more
    character occur exactly once. A letter beyond the question's options is wrong.

    Source: LLaVA, `llava/eval/eval_science_qa.py`.

    >>> row = {"options": ["cat", "dog"], "answer": "B"}
    >>> [grade_science_qa_llava(text, row).score for text in ("B", "B. dog", "So. The answer is B.", "B ", "(B)")]
    [1.0, 1.0, 1.0, 0.0, 0.0]
    """
    return grade_letter(text, row, lambda said, _: _letter(said))


def _letter(text: str) -> str | None:
    if text and text in _KNOWN and len(text) == 1:
        return text
    if text[:1] and text[0] in _KNOWN and text[1:3] == ". ":
        return text[0]
    stated = _STATED.findall(text)
    return stated[0] if len(stated) == 1 else None
