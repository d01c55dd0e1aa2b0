"""VQA accuracy: an answer counts in full when it agrees with three of ten people, each left out in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench_eval.errors import RowError
from bench_eval.grades import Grade
from bench_eval.rules.golds import golds_of
from bench_eval.rules.vqa_text import normalise_m4c, normalise_vlmevalkit, normalise_vqa, on_one_line

_AGREEING = 3
_PEOPLE = 10


def soft_accuracy(prediction: str, golds: Sequence[str]) -> float:
    """Mean over the golds of min(1, how many of the others equal the prediction / 3); both in normal form already.

    With ten golds of which n agree that is 0, 0.3, 0.6, 0.9 and then 1. A gold is left out by its position, so that
    people who said the same are each counted.

    Source: Antol et al., 2015, section 4, as the script of VQA computes it: over all choices of nine of ten people.

    >>> [soft_accuracy("red", ["red"] * n + ["pink"] * (10 - n)) for n in range(6)]
    [0.0, 0.3, 0.6, 0.9, 1.0, 1.0]
    """
    n = golds.count(prediction)
    agreeing = n * min(_AGREEING, n - 1) + (len(golds) - n) * min(_AGREEING, n)
    return agreeing / (_AGREEING * len(golds))


def grade_m4c(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade after `normalise_m4c` of both sides; exactly ten golds are needed.

    Source: `TextVQAAccuracyEvaluator` of facebookresearch/mmf, which LLaVA and S-VCO carry along.

    Raises:
        RowError: the row has another number of golds.

    >>> grade_m4c("The Dakota.", {"answer": ["dakota"] * 10}).score
    1.0
    """
    golds = golds_of(row)
    if len(golds) != _PEOPLE:
        raise RowError(f"row {row.get('id')!r} needs the answers of {_PEOPLE} people; got {len(golds)}.")
    return _grade(text, golds, normalise_m4c)


def grade_m4c_any_number(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade after `normalise_m4c` of both sides, over however many golds there are.

    Source: `textvqa`, `ok_vqa` and `vizwiz_vqa` of EvolvingLMMs-Lab/lmms-eval.

    >>> grade_m4c_any_number("7-up", {"answer": ["7 up"] * 3}).score
    0.6666666666666666
    """
    return _grade(text, golds_of(row), normalise_m4c)


def grade_vlmevalkit(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade after `normalise_vlmevalkit` of both sides, over however many golds there are.

    Source: method `vqa_score` of `vlmeval/dataset/utils/vqa_eval.py` of open-compass/VLMEvalKit.

    >>> grade_vlmevalkit("5.", {"answer": ["5"] * 10}).score
    0.0
    """
    return _grade(text, golds_of(row), normalise_vlmevalkit)


def grade_vqa_script(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade after `normalise_vqa` of both sides, but as they stand where all golds are the same text.

    Source: `vqaEval.py` of GT-Vision-Lab/VQA, the rule of the VQA server.

    >>> grade_vqa_script("Red.", {"answer": ["red"] * 9 + ["pink"]}).score
    1.0
    >>> grade_vqa_script("Red.", {"answer": ["red"] * 10}).score
    0.0
    """
    golds = golds_of(row)
    raw = [on_one_line(gold) for gold in golds]
    return _grade(text, raw, on_one_line if len(set(raw)) == 1 else normalise_vqa)


def grade_vqa_upload(text: str, row: Mapping[str, Any]) -> Grade:
    """Grade what would be uploaded: the answer after `normalise_m4c`, by the rule of the VQA server.

    Golds aren't touched where all are the same text, so that a gold `john's` is then out of reach.

    Source: `convert_vqav2_for_submission.py` of haotian-liu/LLaVA before `vqaEval.py` of GT-Vision-Lab/VQA; `vqav2` of
    EvolvingLMMs-Lab/lmms-eval comes to the same.

    >>> grade_vqa_upload("Red.", {"answer": ["red"] * 10}).score
    1.0
    """
    return grade_vqa_script(normalise_m4c(text), row)


def _grade(text: str, golds: Sequence[str], normalise: Callable[[str], str]) -> Grade:
    said, line = normalise(text), on_one_line(text)
    score = soft_accuracy(said, [normalise(gold) for gold in golds])
    # A bare article is an answer, though nothing is left of it in normal form; a bare period is none.
    return Grade(score, "soft_accuracy", said or (line if any(map(str.isalnum, line)) else ""))
