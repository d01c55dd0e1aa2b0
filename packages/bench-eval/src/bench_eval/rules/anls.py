"""ANLS: how near an answer comes to the nearest gold in single-character edits; less than half is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench_eval.grades import Grade
from bench_eval.rules.golds import golds_of

_LEAST = 0.5


def grade_anls(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade by edits between lower-cased texts with single spaces, over the longer length before that.

    Source: Biten et al., 2019, arXiv 1907.00490, equation 1, as the DocVQA server and EvolvingLMMs-Lab/lmms-eval
    compute it.

    >>> grade_anls("Acme Co", {"answer": ["ACME Corp", "Acme"]}).score
    0.7777777777777778
    """
    # The length is that of the upper-cased text, which differs from the text's own for letters such as the sharp s.
    return _grade(text, [(gold, max(len(gold.upper()), len(text.upper()))) for gold in golds_of(row)])


def grade_anls_vlmevalkit(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade as `grade_anls`, but over the longer length of the compared forms, so that outer spaces cost nothing.

    Source: method `anls` of `vlmeval/dataset/utils/vqa_eval.py` of open-compass/VLMEvalKit.

    >>> grade_anls_vlmevalkit(" acme ", {"answer": ["acme!"]}).score
    0.8
    """
    said = _one_spaced(text)
    return _grade(text, [(gold, max(len(_one_spaced(gold)), len(said))) for gold in golds_of(row)])


def edit_distance(one: str, other: str) -> int:
    """Count the characters to insert, delete or replace to get from one text to the other.

    >>> edit_distance("kitten", "sitting")
    3
    """
    above = list(range(len(one) + 1))
    for row, there in enumerate(other, start=1):
        here = [row]
        for column, letter in enumerate(one):
            here.append(min(above[column] + (letter != there), above[column + 1] + 1, here[column] + 1))
        above = here
    return above[-1]


def _grade(text: str, golds: list[tuple[str, int]]) -> Grade:
    said = _one_spaced(text)
    score = 1 - min(_share_changed(said, _one_spaced(gold), length) for gold, length in golds)
    return Grade(score if score >= _LEAST else 0.0, "anls", said)


def _share_changed(said: str, gold: str, length: int) -> float:
    # So many edits are needed at least: golds out of reach of half the score cost nothing, however long the answer.
    least = abs(len(said) - len(gold))
    if length == 0 or least > (1 - _LEAST) * length:
        return 0.0 if length == 0 else 1.0
    return edit_distance(said, gold) / length


def _one_spaced(text: str) -> str:
    return " ".join(text.lower().split())
