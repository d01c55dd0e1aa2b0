"""Option letters as lmms-eval matches them for MMBench before it would ask a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench_eval.choices import LETTERS
from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import grade_letter

_FIVE = "ABCDE"
"""Letters that are looked for, however many options a question has."""
_FORMS = ("{}.", "{},", "{}:", "{})", "{}).", "({})", "({}).", ":{}", ":{},", ":{}.", ":{})", ":{}).")
"""Words that hold a letter, tried in this order; a form counts only where one letter alone has it."""
_API_FAILURE = "Failed to obtain answer via API"


def match_letter_mm_bench(text: str, options: Sequence[str]) -> str | None:
    """Find the letter that lmms-eval's MMBench matcher takes without a judge.

    Words are split at spaces. Out of A to E, the only bare letter is taken, except an `A` among more than three words,
    which can be the article; then the only letter in a form such as `B.` or `(B)`; then the only option whose text
    occurs in the answer, in any case. A letter without an option is no answer.

    Source: lmms-eval, `tasks/mmbench/mmbench_evals.py`.

    >>> match_letter_mm_bench("The answer is B", ["cat", "dog"]), match_letter_mm_bench("(A) it is", ["cat", "dog"])
    ('B', 'A')
    >>> match_letter_mm_bench("It is a dog", ["cat", "dog"])
    'B'
    """
    letter = None if _API_FAILURE in text else _letter_in(text.split())
    if letter:
        return letter if letter in LETTERS[: len(options)] else None
    inside = [letter for letter, option in zip(LETTERS, options, strict=False) if option.lower() in text.lower()]
    return inside[0] if len(inside) == 1 else None


def _letter_in(words: Sequence[str]) -> str | None:
    bare = [letter for letter in _FIVE if letter in words]
    if len(bare) == 1 and not (bare[0] == "A" and len(words) > 3):
        return bare[0]
    for form in _FORMS:
        found = [letter for letter in _FIVE if form.format(letter) in words]
        if len(found) == 1:
            return found[0]
    return None


def grade_mm_bench_lmms_eval(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the letter of lmms-eval's MMBench matcher with the row's `answer`; what it leaves to a judge is unparsed.

    Source: as of `match_letter_mm_bench`. The random letter after failed judge calls is not reproduced.

    >>> grade_mm_bench_lmms_eval("dog", {"options": ["cat", "dog"], "answer": "B"}).score
    1.0
    """
    return grade_letter(text, row, match_letter_mm_bench)
