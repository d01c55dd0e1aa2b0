"""MMMU's own parser for letters and for open answers, and VLMEvalKit's way to grade both as choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench_eval.choices import LETTERS, grade_choice
from bench_eval.errors import RowError
from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import grade_letter
from bench_eval.rules.mmmu_open_answers import grade_open_answer
from bench_eval.rules.vlmevalkit_letters import grade_vlmevalkit_letter
from bench_eval.words import truths_of

OPEN, CHOICE = "open", "multiple-choice"
"""The two values of a row's `question_type`."""
_OTHER = "Other Answers"
"""The second option that VLMEvalKit gives an open question."""


def parse_letter_mmmu(text: str, options: Sequence[str]) -> str | None:
    """Find the letter that MMMU's parser takes; None where it would draw one at random.

    In order: letters as `(A)`, a letter before a space, a letter before a period, and in answers of more than five
    words the texts of options. What stands before a letter is not looked at, so `CIA ` holds an `A`. Of several, the
    last counts; letters before a space or a period are compared by their last place between two spaces, and where
    there is no such place the first letter of the alphabet wins.

    Source: MMMU, `eval/eval_utils.py` (parse_multi_choice_response), which lmms-eval copied.

    >>> parse_letter_mmmu("Not (A) but (B).", ["cat", "dog"]), parse_letter_mmmu("B: dog", ["cat", "dog"])
    ('B', None)
    """
    inner = text
    for mark in (",", ".", "!", "?", ";", ":", "'"):
        inner = inner.strip(mark)
    inner = f" {inner} "
    letters = LETTERS[: len(options)]
    for form, place in (("({})", "({})"), ("{} ", " {} "), ("{}.", " {} ")):
        found = [letter for letter in letters if form.format(letter) in inner]
        if found:
            return max(found, key=lambda letter: inner.rfind(place.format(letter)))
    return _by_option_text(inner.lower(), options) if len(inner.split()) > 5 else None


def _by_option_text(lowered: str, options: Sequence[str]) -> str | None:
    places = {letter: lowered.rfind(option.lower()) for letter, option in zip(LETTERS, options, strict=False)}
    last = max(places, key=lambda letter: places[letter], default=None)
    return last if last is not None and places[last] >= 0 else None


def grade_mmmu_official(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade with MMMU's parser: `parse_letter_mmmu` for choices, `grade_open_answer` for open questions.

    Raises:
        RowError: `question_type` is neither `multiple-choice` nor `open`.

    >>> row = {"question_type": "open", "answer": ["24/7", "3.43"]}
    >>> grade_mmmu_official("The ratio is 3.429", row).score
    1.0
    """
    return grade_open_answer(text, row) if _is_open(row) else grade_letter(text, row, parse_letter_mmmu)


def grade_mmmu_vlmevalkit(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade with VLMEvalKit's matcher; an open question becomes a choice between its answer and `Other Answers`.

    So an open answer is right where it holds the gold text, or an `A` on its own.

    Raises:
        RowError: as of `grade_mmmu_official`.

    Source: VLMEvalKit, `vlmeval/dataset/utils/multiple_choice.py` (MMMU_preproc), with its matcher.

    >>> grade_mmmu_vlmevalkit("It is 42", {"question_type": "open", "answer": ["42"]}).reason
    'letter'
    """
    if not _is_open(row):
        return grade_vlmevalkit_letter(text, row)
    truths = truths_of(row)
    gold = truths[0] if len(truths) == 1 else str(truths)
    return grade_vlmevalkit_letter(text, {**row, "options": [gold, _OTHER], "answer": "A"})


def grade_mmmu_selfsight(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade choices by our letter extractor and open questions as MMMU does.

    Raises:
        RowError: as of `grade_mmmu_official`.

    >>> row = {"question_type": "multiple-choice", "options": ["cat", "dog"], "answer": "B"}
    >>> grade_mmmu_selfsight("B: dog", row).score
    1.0
    """
    return grade_open_answer(text, row) if _is_open(row) else grade_choice(text, row)


def _is_open(row: Mapping[str, Any]) -> bool:
    kind = row.get("question_type")
    if kind not in (OPEN, CHOICE):
        raise RowError(f"row {row.get('id')!r} needs a question_type of {CHOICE!r} or {OPEN!r}; got {kind!r}.")
    return kind == OPEN
