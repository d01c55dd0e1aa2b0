"""Option letters as SEED-Bench is scored: by the whole answer, or by its first character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench_eval.choices import LETTERS
from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import grade_letter


def grade_seed_llava(text: str, row: Mapping[str, Any]) -> Grade:
    """Accept an answer that is the capital letter and nothing else, no period and no space.

    Source: LLaVA, `scripts/convert_seed_for_submission.py`; what runs before it strips outer spaces of the answers.

    >>> row = {"options": ["one", "two"], "answer": "B"}
    >>> grade_seed_llava("B", row).score, grade_seed_llava("B.", row).score
    (1.0, 0.0)
    """
    return grade_letter(text, row, _whole)


def grade_seed_lmms_eval(text: str, row: Mapping[str, Any]) -> Grade:
    """Take the first character as the letter, in any case, even where it begins a word.

    Source: lmms-eval, `tasks/seedbench/utils.py` and `tasks/seedbench_2_plus/utils.py`.

    >>> row = {"options": ["one", "two"], "answer": "B"}
    >>> grade_seed_lmms_eval("Both", row).score, grade_seed_lmms_eval("(B)", row).score
    (1.0, 0.0)
    """
    return grade_letter(text, row, _first)


def _whole(text: str, options: Sequence[str]) -> str | None:
    return text if len(text) == 1 and text in LETTERS[: len(options)] else None


def _first(text: str, options: Sequence[str]) -> str | None:
    letter = text.strip()[:1].upper()
    return letter if letter and letter in LETTERS[: len(options)] else None
