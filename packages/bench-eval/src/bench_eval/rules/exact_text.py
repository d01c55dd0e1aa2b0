"""One gold, equal or not: the rules by which GQA is scored."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from bench_eval.errors import RowError
from bench_eval.grades import Grade
from bench_eval.rules.golds import golds_of

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def grade_gqa(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare without outer spaces, capitals and periods at the end.

    >>> grade_gqa(" Yes.\\n", {"answer": "yes"}).score
    1.0
    """
    return _equal(text.strip().lower().rstrip(".").rstrip(), gold_of(row).strip().lower())


def grade_gqa_official(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the texts as they stand.

    Source: `eval.py` of the GQA data set.

    >>> grade_gqa_official("yes", {"answer": "yes"}).score, grade_gqa_official("Yes", {"answer": "yes"}).score
    (1.0, 0.0)
    """
    return _equal(text, gold_of(row))


def grade_gqa_llava(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare after dropping periods at the end and capitals of the answer; spaces count.

    Source: `convert_gqa_for_eval.py` of haotian-liu/LLaVA before the official script.

    >>> grade_gqa_llava("Yes.", {"answer": "yes"}).score, grade_gqa_llava("yes ", {"answer": "yes"}).score
    (1.0, 0.0)
    """
    return _equal(text.rstrip(".").lower(), gold_of(row))


def grade_gqa_lmms_eval(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare without capitals and ASCII punctuation on both sides; spaces count.

    Source: `gqa` of EvolvingLMMs-Lab/lmms-eval: `exact_match` with `ignore_case` and `ignore_punctuation`.

    >>> grade_gqa_lmms_eval("T-Shirt!", {"answer": "t-shirt"}).score
    1.0
    """
    return _equal(text.lower().translate(_NO_PUNCTUATION), gold_of(row).lower().translate(_NO_PUNCTUATION))


def grade_gqa_vlmevalkit(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare without outer spaces and capitals; a period at the end is wrong.

    Source: method `accuracy` of `vlmeval/dataset/utils/vqa_eval.py` of open-compass/VLMEvalKit.

    >>> grade_gqa_vlmevalkit(" Yes", {"answer": "yes"}).score, grade_gqa_vlmevalkit("yes.", {"answer": "yes"}).score
    (1.0, 0.0)
    """
    return _equal(text.strip().lower(), gold_of(row).strip().lower())


def gold_of(row: Mapping[str, Any]) -> str:
    """Return the only gold of a row.

    Raises:
        RowError: there is none, or several.
    """
    golds = golds_of(row)
    if len(golds) != 1:
        raise RowError(f"row {row.get('id')!r} needs one answer; got {len(golds)}.")
    return golds[0]


def _equal(said: str, gold: str) -> Grade:
    return Grade(float(said == gold), "exact_text", said.strip())
