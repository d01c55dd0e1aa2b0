"""S-VCO's rules for options: the first characters without brackets; strict about periods, lenient about ScienceQA."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import options_of, true_letter

_CUT = 4
"""Characters that are looked at where a letter is expected."""
_LETTER_ONLY = "answer directly with only the letter of the correct option and nothing else"


def grade_first_characters_svco(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the first four characters, without brackets and spaces, with the answer: MMVP and CV-Bench.

    `A`, `(a)` and `(A) text` can be right; `A.`, `A. text` and `The answer is A` never are.

    Source: S-VCO, `mmvp_rule_grader.py` and `cvbench_rule_grader.py`.

    >>> grade_first_characters_svco("(B) red", {"answer": "(B)"}).score
    1.0
    >>> grade_first_characters_svco("B.", {"answer": "(B)"})
    Grade(score=0.0, reason='no_letter', answer='')
    """
    return _graded_letter(_bare(text.strip()[:_CUT], r"[()\s]"), _bare(str(row["answer"]), r"[()\s]"))


def grade_real_world_qa_svco(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare without brackets, spaces and periods: four characters where a letter is asked for, else all of them.

    Source: S-VCO, `realworldqa_rule_grader.py`.

    >>> asked = "What is it? Please answer directly with a single word or number."
    >>> grade_real_world_qa_svco("Two cars.", {"question": asked, "answer": "twocars"}).score
    1.0
    """
    truth = _bare(str(row["answer"]), r"[().\s]")
    if _LETTER_ONLY in str(row["question"]).lower():
        return _graded_letter(_bare(text.strip()[:_CUT], r"[().\s]"), truth)
    said = _bare(text, r"[().\s]")
    return Grade(float(said == truth), "word", said)


def grade_science_qa_svco(text: str, row: Mapping[str, Any]) -> Grade:
    """Take the first character as the answer if it is a letter, whatever follows it: `Based on` says B.

    Source: S-VCO, `sqa_grader.py`, which does not strip: a space in front is no letter.

    >>> grade_science_qa_svco("Based on", {"options": ["cat", "dog"], "answer": "B"}).score
    1.0
    """
    first = text.upper()[:1]
    letter = first if first.isalpha() else ""
    truth = true_letter(row, len(options_of(row)))
    return Grade(float(letter == truth), "letter" if letter else "no_letter", letter)


def _bare(text: str, dropped: str) -> str:
    return re.sub(dropped, "", text.strip().lower())


def _graded_letter(said: str, truth: str) -> Grade:
    """What is no single letter commits to nothing."""
    is_letter = len(said) == 1 and said.isalpha()
    return Grade(float(said == truth), "letter" if is_letter else "no_letter", said.upper() if is_letter else "")
