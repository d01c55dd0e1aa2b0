"""Two scores from 1 to 10 in a judge's reply: our reading, and those of the tools whose scores are published."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench_eval.grades import Grade
from bench_eval.judges.reply_texts import plain_reply

BEST_SCORE = 10
_SCORE = r"(\d+(?:\.\d+)?)(?:\s*(?:/|out of)\s*10)?"
_LABEL = (
    r"\(?(?:assistant|answer|response|model)\s*#?{}(?:'s|’s)?\)?\s*(?:overall\s+)?(?:score|rating)?\s*(?:[:=-]|is)?\s*"
)
_GAP = r"\s*(?:[,;&|]|and|vs\.?)?\s+|\s*[,;&|]\s*"
_PAIR = re.compile(
    rf"(?:(?:overall\s+)?(?:scores?|ratings?)\s*(?:are)?\s*[:=-]?)?\W*?{_SCORE}(?:{_GAP}){_SCORE}\W*", re.I
)
_NAMED = re.compile(rf"\W*?{_LABEL.format(1)}{_SCORE}(?:{_GAP}){_LABEL.format(2)}{_SCORE}\W*", re.I)
_FIRST = re.compile(rf"\W*?{_LABEL.format(1)}{_SCORE}\W*", re.I)
_SECOND = re.compile(rf"\W*?{_LABEL.format(2)}{_SCORE}\W*", re.I)
_ANY_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def read_score_pair(reply: str, row: Mapping[str, Any]) -> Grade | None:
    """Read the scores of the reference and of the model, from a line that holds nothing else; None if lines differ.

    The two may be parted by blanks, commas, `and`, stand behind `/10` or names, or on two lines with names.
    The grade's `answer` keeps both, reference first; its score is the model's tenth.

    >>> read_score_pair("8, 7\\nBoth are fine.", {}), read_score_pair("8 of 10 points", {})
    (Grade(score=0.7, reason='judged', answer='8 7'), None)
    """
    lines = [line.strip() for line in plain_reply(reply).splitlines() if line.strip()]
    whole = {
        pair
        for line in lines
        if (match := _PAIR.fullmatch(line) or _NAMED.fullmatch(line))
        for pair in [match.groups()]
    }
    pairs = whole or _pairs_on_two_lines(lines)
    return _grade(*pairs.pop()) if len(pairs) == 1 else None


def read_score_pair_official(reply: str, row: Mapping[str, Any]) -> Grade | None:
    """Take the first line, commas as blanks, parted at every single blank: it must be exactly two numbers.

    So `8, 7`, two blanks and a blank at the end are unreadable. Source: github.com/haotian-liu/LLaVA,
    llava/eval/eval_gpt_review_bench.py; VLMEvalKit and S-VCO read alike. They average -1 in where they can't read; here
    there is no score.

    >>> read_score_pair_official("8 7\\nFine.", {}).answer, read_score_pair_official("8, 7", {})
    ('8 7', None)
    """
    parts = reply.split("\n")[0].replace(",", " ").split(" ")
    return _grade(*parts) if len(parts) == 2 else None


def read_score_pair_lmms_eval(reply: str, row: Mapping[str, Any]) -> Grade | None:
    """Take the first two numbers of the first line, whatever they count.

    Source: github.com/EvolvingLMMs-Lab/lmms-eval, lmms_eval/api/judge_utils.py. It averages -1 in where it can't read;
    here there is no score.

    >>> read_score_pair_lmms_eval("8, 7", {}).answer
    '8 7'
    >>> read_score_pair_lmms_eval("Assistant 1: 8, Assistant 2: 7", {}).answer
    '1 8'
    """
    numbers = _ANY_NUMBER.findall(reply.strip().split("\n")[0])
    return _grade(*numbers[:2]) if len(numbers) >= 2 else None


def _pairs_on_two_lines(lines: list[str]) -> set[tuple[str, ...]]:
    first = {match[1] for line in lines if (match := _FIRST.fullmatch(line))}
    second = {match[1] for line in lines if (match := _SECOND.fullmatch(line))}
    return {(a, b) for a in first for b in second}


def _grade(reference: str, model: str) -> Grade | None:
    """Make the grade of two numbers; 0 is below the scale, but is kept: to leave it out would flatter the model."""
    try:
        scores = (float(reference), float(model))
    except ValueError:
        return None
    if not all(0 <= score <= BEST_SCORE for score in scores):
        return None
    return Grade(scores[1] / BEST_SCORE, "judged", f"{scores[0]:g} {scores[1]:g}")
