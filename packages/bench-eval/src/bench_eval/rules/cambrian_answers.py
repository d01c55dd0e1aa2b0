"""Cambrian's rules: what follows the last words that announce an answer must be the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench_eval.choices import LETTERS
from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import options_of, true_letter

_INTRODUCTIONS = ("answer is", "answer is:", "answer:")


def grade_mmvp_cambrian(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare what follows the last `answer is` or `answer:` with the letter, then with the true option's text.

    In any case, without an open bracket before it and closing marks behind it; `(B) Closed` is neither.

    Source: Cambrian, `eval/eval/mmvp/mmvp_test.py`.

    >>> row = {"options": ["Open", "Closed"], "answer": "(b)"}
    >>> [grade_mmvp_cambrian(text, row).score for text in ("The answer is (B).", "closed", "(B) Closed")]
    [1.0, 1.0, 0.0]
    """
    said = _after_introductions(text).rstrip(".:,").lstrip("(").rstrip(")")
    options = [option.lower() for option in options_of(row)]
    letters = LETTERS[: len(options)]
    truth = letters.index(true_letter(row, len(options)))
    named = [letter for letter, option in zip(letters, options, strict=True) if said in (letter.lower(), option)]
    is_right = said in (letters[truth].lower(), options[truth])
    return Grade(
        float(is_right), "letter" if named else "no_letter", letters[truth] if is_right else "".join(named[:1])
    )


def grade_real_world_qa_cambrian(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the first word behind the last `answer is` or `answer:`, without periods at the end of the text.

    Source: Cambrian, `eval/eval/realworldqa/realworldqa_test.py`; an empty text, which stops that script, is wrong.

    >>> grade_real_world_qa_cambrian("The answer is B", {"answer": "B"}).score
    1.0
    >>> grade_real_world_qa_cambrian("B. It is", {"answer": "B"})
    Grade(score=0.0, reason='word', answer='b.')
    """
    words = _after_introductions(text).rstrip(".").split()
    if not words:
        return Grade(0.0, "no_word")
    return Grade(float(words[0] == str(row["answer"]).lower()), "word", words[0])


def _after_introductions(text: str) -> str:
    """In small letters, behind the last place of each introduction in turn."""
    said = text.lower().strip()
    for introduction in _INTRODUCTIONS:
        said = said.rpartition(introduction)[2]
    return said.strip()
