"""Correctness from 0 to 1 in a judge's reply: our reading, and those of the tools whose scores are published."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench_eval.grades import Grade
from bench_eval.judges.reply_texts import plain_reply

_NUMBER = r"(\d+(?:[.,]\d+)?|\.\d+)(?:\s*(?:/|out of)\s*1(?:\.0+)?)?(?![\d/%]|[.,]\d)"
_WHOLE = re.compile(rf"\W*?{_NUMBER}\W*")
_STATED = re.compile(
    rf"\b(?:correctness|score|grade)\s*(?:\([^)\n]{{0,20}}\))?\s*(?:is|of|would be)?\s*[:=]?\s*{_NUMBER}", re.IGNORECASE
)
_ANY = re.compile(rf"(?<![\w.,/-]){_NUMBER}(?!\w)")


def read_correctness(reply: str, row: Mapping[str, Any]) -> Grade | None:
    """Read the one score from 0 to 1 that a reply commits to; None where there is none, or several.

    In order: the whole reply is a number, or its last table cell is; it states a score; exactly one number occurs.
    Thoughts, Markdown, `0.8/1.0` and decimal commas are understood; nothing is rounded to tenths.

    >>> read_correctness("**Score:** 0.8", {}).score, read_correctness("between 0.4 and 0.6", {})
    (0.8, None)
    """
    text = plain_reply(reply)
    cells = [cell for cell in text.splitlines()[-1].split("|") if cell.strip()] if text else []
    for found in (cells[-1:] and _whole(cells[-1]), _whole(text), _STATED.findall(text), _ANY.findall(text)):
        if found:
            values = {float(one.replace(",", ".")) for one in found}
            return _grade(values.pop()) if len(values) == 1 else None
    return None


def read_correctness_official(reply: str, row: Mapping[str, Any]) -> Grade | None:
    """Take what stands before the first space as the number, as the MM-Vet evaluator and lmms-eval do.

    Source: github.com/yuweihao/MM-Vet, mm-vet_evaluator.py. After five failures it scores 0; here there is no score.

    >>> read_correctness_official("0.8 because", {}).score, read_correctness_official("Score: 0.8", {})
    (0.8, None)
    """
    return _float_grade(reply.split(" ")[0].strip())


def read_correctness_vlmevalkit(reply: str, row: Mapping[str, Any]) -> Grade | None:
    """Take the whole reply as the number, as VLMEvalKit does.

    Source: github.com/open-compass/VLMEvalKit, vlmeval/dataset/utils/mmvet.py. After five failures it scores 0; here
    there is no score.

    >>> read_correctness_vlmevalkit(" 0.8\\n", {}).score, read_correctness_vlmevalkit("0.8 because", {})
    (0.8, None)
    """
    return _float_grade(reply)


def _whole(text: str) -> list[str]:
    match = _WHOLE.fullmatch(text)
    return [match[1]] if match and "-" not in text else []


def _float_grade(text: str) -> Grade | None:
    try:
        return _grade(float(text))
    except ValueError:
        return None


def _grade(score: float) -> Grade | None:
    return Grade(score, "judged", f"{score:g}") if 0 <= score <= 1 else None
