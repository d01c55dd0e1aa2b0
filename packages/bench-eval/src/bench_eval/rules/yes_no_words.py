"""Rules that read yes or no from an answer, each after whose it is; for POPE and MME."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench_eval.errors import RowError
from bench_eval.final_texts import final_text
from bench_eval.grades import Grade
from bench_eval.rules.vqa_text import without_marks_vlmevalkit
from bench_eval.words import normalise

_NO_WORDS = frozenset({"No", "no", "not"})
_LEADING = re.compile(r"^\W*(yes|no)\b", re.IGNORECASE)
_STATED = re.compile(r"\banswer\s*(?:is|:)\W*(yes|no)\b", re.IGNORECASE)


def grade_pope_official(text: str, row: Mapping[str, Any]) -> Grade:
    """No where the first sentence has the word No, no or not; yes for everything else, even an empty text.

    The reason tells a yes that was said (`yes_word`) from one by default (`yes_by_default`).

    Source: the evaluation script of RUCAIBox/POPE, which LLaVA repeats.

    >>> grade_pope_official("There is no dog", {"answer": "no"}).answer, grade_pope_official("", {"answer": "yes"})
    ('no', Grade(score=1.0, reason='yes_by_default', answer='yes'))
    """
    words = text.split(".")[0].replace(",", "").split(" ")
    if not _NO_WORDS.isdisjoint(words):
        return _graded("no", row, "no_word")
    said = "yes" in (word.strip().lower() for word in words)
    return _graded("yes", row, "yes_word" if said else "yes_by_default")


def grade_whole_yes_no(text: str, row: Mapping[str, Any]) -> Grade:
    """Yes or no only where that is the whole answer, outer spaces and capitals aside: `Yes.` is neither.

    Source: lmms-eval, task pope.

    >>> grade_whole_yes_no(" Yes", {"answer": "yes"}).score, grade_whole_yes_no("Yes.", {"answer": "yes"}).answer
    (1.0, '')
    """
    said = text.lower().strip()
    return _graded(said if said in ("yes", "no") else "", row, "whole_text")


def grade_only_yes_or_no(text: str, row: Mapping[str, Any]) -> Grade:
    """Yes or no where exactly one of the two words occurs in the text without punctuation.

    Source: VLMEvalKit, yes/no questions without a judge; its judge for the others is left out, so they stay unparsed.

    >>> [grade_only_yes_or_no(text, {"answer": "yes"}).answer for text in ("Yes, it is.", "'yes'", "Yes and no")]
    ['yes', '', '']
    """
    found = {"yes", "no"} & set(without_marks_vlmevalkit(text.lower()).split())
    return _graded(found.pop() if len(found) == 1 else "", row, "only_word")


def grade_mme_official(text: str, row: Mapping[str, Any]) -> Grade:
    """Yes or no if the whole answer is that, else whichever occurs in its first four characters, yes first.

    Source: the calculation tool of MME; outer spaces are cut first, which the tool leaves to its users.

    >>> [grade_mme_official(text, {"answer": "Yes"}).answer for text in ("Yes, it is.", "I know")]
    ['yes', '']
    """
    return _graded(_in_first_four(text.lower().strip()), row, "first_four")


def grade_mme_lmms_eval(text: str, row: Mapping[str, Any]) -> Grade:
    """As MME's own rule, but without any period, and a single y or n counts.

    Source: lmms-eval, task mme.

    >>> grade_mme_lmms_eval("Y.", {"answer": "Yes"}).score, grade_mme_lmms_eval("...no", {"answer": "No"}).score
    (1.0, 1.0)
    """
    said = text.lower().strip().replace(".", "")
    return _graded({"y": "yes", "n": "no"}.get(said) or _in_first_four(said), row, "first_four")


def grade_stated_yes_no(text: str, row: Mapping[str, Any]) -> Grade:
    """Yes or no as the first word, behind "answer is", or alone on the last line; thinking is cut off.

    >>> grade_stated_yes_no("<think>No?</think> The answer is yes.", {"answer": "yes"}).score
    1.0
    >>> grade_stated_yes_no("I know it", {"answer": "no"})
    Grade(score=0.0, reason='no_yes_no', answer='')
    """
    said = final_text(text)
    lines = said.splitlines() or [""]
    stated = {word.lower() for word in _STATED.findall(said)}
    if match := _LEADING.search(said):
        return _graded(match[1].lower(), row, "first_word")
    if stated:
        return _graded(stated.pop() if len(stated) == 1 else "", row, "stated")
    last = normalise(lines[-1])
    return _graded(last if last in ("yes", "no") else "", row, "last_line")


def true_yes_no(row: Mapping[str, Any]) -> str:
    """Return a row's `answer` as `yes` or `no`.

    Raises:
        RowError: it is neither.
    """
    truth = str(row.get("answer")).strip().rstrip(".").lower()
    if truth not in ("yes", "no"):
        raise RowError(f"row {row.get('id')!r} needs yes or no as answer; got {row.get('answer')!r}.")
    return truth


def _graded(said: str, row: Mapping[str, Any], reason: str) -> Grade:
    truth = true_yes_no(row)
    return Grade(float(said == truth), reason if said else "no_yes_no", said)


def _in_first_four(said: str) -> str:
    if said in ("yes", "no"):
        return said
    return next((word for word in ("yes", "no") if word in said[:4]), "")
