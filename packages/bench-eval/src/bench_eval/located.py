"""Grader for boxes in text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from box_space import iou

from bench_eval.errors import BenchEvalError, RowError
from bench_eval.grades import Grade

_NUMBER = r"\s*(-?\d*\.?\d+)\s*"
_BOX = re.compile(r"[\[(<]" + ",".join([_NUMBER] * 4) + r"[\])>]")
BoxXyxy = tuple[float, float, float, float]
"""x0, y0, x1, y1 with x0 < x1 and y0 < y1, in whatever unit both sides use."""


def text_to_box_xyxy(text: str) -> BoxXyxy | None:
    """Read the first well-formed box in brackets; None when there is none.

    >>> text_to_box_xyxy("It is at [0.25, 0.31, 0.50, 0.60].")
    (0.25, 0.31, 0.5, 0.6)
    """
    for match in _BOX.finditer(text):
        x0, y0, x1, y1 = (float(number) for number in match.groups())
        if x0 < x1 and y0 < y1:
            return x0, y0, x1, y1
    return None


def box_grader(min_iou: float = 0.5) -> Callable[[str, Mapping[str, Any]], Grade]:
    """Make a grader that accepts a box in the text with IoU of at least `min_iou` with the row's `answer`.

    The answer is a box in text, in the same unit as the model's. Raises (when grading) RowError when it is none.

    >>> box_grader(0.5)("[0, 0, 1, 1]", {"answer": "[0, 0, 1, 0.9]"})
    Grade(score=1.0, reason='iou 0.900', answer='[0, 0, 1, 1]')
    """
    if not 0 < min_iou <= 1:
        raise BenchEvalError(f"min_iou must lie in (0, 1]; got {min_iou}.")

    def grade(text: str, row: Mapping[str, Any]) -> Grade:
        truth = text_to_box_xyxy(str(row.get("answer")))
        if truth is None:
            raise RowError(
                f"row {row.get('id')!r} needs a box such as [0.1, 0.2, 0.5, 0.6]; got {row.get('answer')!r}."
            )
        found = text_to_box_xyxy(text)
        if found is None:
            return Grade(0.0, "no_box")
        overlap = float(iou([found], [truth])[0, 0])
        return Grade(
            float(overlap >= min_iou), f"iou {overlap:.3f}", "[" + ", ".join(f"{edge:g}" for edge in found) + "]"
        )

    return grade
