"""Relaxed accuracy: numbers may be off by a twentieth, anything else must be equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench_eval.grades import Grade
from bench_eval.rules.golds import golds_of

_TOLERANCE = 0.05


def grade_relaxed(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade by the best gold; outer spaces of words count.

    Source: Masry et al., 2022, arXiv 2203.10244, section 5.1, as `chartqa` of EvolvingLMMs-Lab/lmms-eval computes it.

    >>> grade_relaxed("104.9", {"answer": "100"}).score, grade_relaxed("5%", {"answer": "0.05"}).score
    (1.0, 1.0)
    """
    score = max(is_near(text, gold) for gold in golds_of(row))
    return Grade(float(score), "relaxed_accuracy", text.strip())


def grade_relaxed_vlmevalkit(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade as `grade_relaxed` without the outer spaces of the answer.

    Source: method `relaxed_accuracy` of `vlmeval/dataset/utils/vqa_eval.py` of open-compass/VLMEvalKit.

    >>> grade_relaxed(" Yes", {"answer": "yes"}).score, grade_relaxed_vlmevalkit(" Yes", {"answer": "yes"}).score
    (0.0, 1.0)
    """
    return grade_relaxed(text.strip(), row)


def is_near(said: str, gold: str) -> bool:
    """Whether both are numbers, |said - gold| <= 0.05 |gold|; or else equal but for capitals; 0 counts as a word.

    >>> is_near("0.05", "5%"), is_near("0.0", "0"), is_near("1,000", "1000")
    (True, False, False)
    """
    number, target = _to_number(said), _to_number(gold)
    if number is None or not target:
        return said.lower() == gold.lower()
    return abs(number - target) / abs(target) <= _TOLERANCE


def _to_number(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
