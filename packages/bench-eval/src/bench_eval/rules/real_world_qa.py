"""Rules for RealWorldQA, where some rows ask for a letter and others for a word or a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench_eval.choices import grade_choice
from bench_eval.final_texts import final_text
from bench_eval.grades import Grade
from bench_eval.rules.lmms_eval_letters import A_TO_D, extract_letter_lmms_eval
from bench_eval.rules.vlmevalkit_letters import grade_vlmevalkit_letter
from bench_eval.rules.yes_no_words import grade_stated_yes_no
from bench_eval.words import grade_number, grade_word

_INTRODUCTION = re.compile(r"\W*(?:the\s+)?(?:(?:final|correct)\s+)?answer(?:\s+is\b)?\s*[:=]?", re.IGNORECASE)


def grade_own_real_world_qa(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade letters as everywhere, yes and no as stated, numbers as numbers, other words whole.

    Words such as `The answer is` are passed over.

    >>> said = [("Two.", "2"), ("Yes, it is", "Yes"), ("red car", "Red")]
    >>> [grade_own_real_world_qa(text, {"answer": truth}).score for text, truth in said]
    [1.0, 1.0, 0.0]
    """
    if row.get("options"):
        return grade_choice(text, row)
    said, truth = _without_introduction(final_text(text)).strip(), str(row["answer"]).strip()
    if truth.lower() in ("yes", "no"):
        return grade_stated_yes_no(said, row)
    return grade_number(said, row) if truth.isdigit() else grade_word(said, row)


def _without_introduction(text: str) -> str:
    match = _INTRODUCTION.match(text)
    return text[match.end() :] if match else text


def grade_real_world_qa_lmms_eval(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare lmms-eval's letter where the truth is one of A to D; else the whole text without periods at its end.

    Source: lmms-eval, `tasks/realworldqa/utils.py`, as of August 2026.

    >>> grade_real_world_qa_lmms_eval("Two.", {"answer": "two"}).score
    1.0
    """
    truth = str(row["answer"]).strip()
    if truth.upper() in ("A", "B", "C", "D"):
        letter = extract_letter_lmms_eval(text, A_TO_D)
        return Grade(float(letter == truth.upper()), "letter" if letter else "no_letter", letter or "")
    said = text.lower().strip().rstrip(".")
    return Grade(float(said == truth.lower()), "word", said)


def grade_real_world_qa_vlmevalkit(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade letters by VLMEvalKit's matcher; words and numbers, for which it has none, by equality in any case.

    Source: as of `match_letter_vlmevalkit`. VLMEvalKit reads a table of its own, which lacks options of a few rows.

    >>> grade_real_world_qa_vlmevalkit("yes", {"answer": "Yes"}).score
    1.0
    """
    if row.get("options"):
        return grade_vlmevalkit_letter(text, row)
    said = text.strip().lower()
    return Grade(float(said == str(row["answer"]).strip().lower()), "word", said)
