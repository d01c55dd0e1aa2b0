"""lmms-eval's patterns for MMVP's two options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import grade_letter

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
