"""Option letters as lmms-eval takes them for MMStar, in its old and its present form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import grade_letter
from bench_eval.rules.lmms_eval_letters import A_TO_D, extract_letter_lmms_eval

_BEFORE = ("", "(", "option ", "the answer is ")


def grade_mm_star_lmms_eval(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the letter of lmms-eval's shared extractor, always out of A to D, with the row's `answer`.

    Source: lmms-eval, `tasks/mmstar/utils.py`, as of 2026.

    >>> grade_mm_star_lmms_eval("A: cat", {"options": ["cat", "dog"], "answer": "A"}).score
    1.0
    """
    return grade_letter(text, row, _shared)


def grade_mm_star_lmms_eval_0_2_3(text: str, row: Mapping[str, Any]) -> Grade:
    """Take the character at the start, or after `(`, `option ` or `the answer is `, all in any case.

    A letter that begins a word counts. The gold letter is looked for at each place in turn; since only one place can
    hold an option's letter, this is the same as taking the letter there.

    Source: lmms-eval 0.2.3, `tasks/mmstar/utils.py`, which has it from MMStar.

    >>> row = {"options": ["cat", "dog"], "answer": "B"}
    >>> grade_mm_star_lmms_eval_0_2_3("Option b", row).score, grade_mm_star_lmms_eval_0_2_3("Because", row).score
    (1.0, 1.0)
    >>> grade_mm_star_lmms_eval_0_2_3("Answer: B", row)
    Grade(score=0.0, reason='letter', answer='A')
    """
    return grade_letter(text, row, _at_known_places)


def _shared(text: str, options: Sequence[str]) -> str | None:
    return extract_letter_lmms_eval(text, A_TO_D)


def _at_known_places(text: str, options: Sequence[str]) -> str | None:
    lowered = text.lower().strip().replace("\n", " ")
    after = (lowered[len(start) :][:1] for start in _BEFORE if lowered.startswith(start))
    return next((char.upper() for char in after if char and char in "abcdef"), None)
