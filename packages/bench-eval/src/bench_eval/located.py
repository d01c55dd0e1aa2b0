"""Grader for boxes in text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
    return next(iter(text_to_boxes_xyxy(text)), None)


def text_to_boxes_xyxy(text: str) -> list[BoxXyxy]:
    """Read every well-formed box in brackets, in order.

    >>> text_to_boxes_xyxy("[0, 0, 1, 1], [0.5, 0, 0.2, 1] and [0, 0, 0.5, 1]")
    [(0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.5, 1.0)]
    """
    boxes = [tuple(float(number) for number in match.groups()) for match in _BOX.finditer(text)]
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in boxes if x0 < x1 and y0 < y1]


def box_grader(min_iou: float = 0.5) -> Callable[[str, Mapping[str, Any]], Grade]:
    """Make a grader that accepts a box in the text with IoU of at least `min_iou` with the row's `answer`.

    The answer is a box in text, in the same unit as the model's. Raises (when grading) RowError when it is none.

    >>> box_grader(0.5)("[0, 0, 1, 1]", {"answer": "[0, 0, 1, 0.9]"})
    Grade(score=1.0, reason='iou 0.900', answer='[0, 0, 1, 1]')
    """
    if not 0 < min_iou <= 1:
        raise BenchEvalError(f"min_iou must lie in (0, 1]; got {min_iou}.")

    def grade(text: str, row: Mapping[str, Any]) -> Grade:
        from box_space import iou

        truth = text_to_box_xyxy(str(row.get("answer")))
        if truth is None:
            raise RowError(
                f"row {row.get('id')!r} needs a box such as [0.1, 0.2, 0.5, 0.6]; got {row.get('answer')!r}."
            )
        found = text_to_box_xyxy(text)
        if found is None:
            return Grade(0.0, "no_box")
        overlap = float(iou([found], [truth])[0, 0])
        return Grade(float(overlap >= min_iou), f"iou {overlap:.3f}", _box_text(found))

    return grade


def boxes_grader(min_iou: float = 0.5) -> Callable[[str, Mapping[str, Any]], Grade]:
    """Make a grader that scores all boxes of a text by F1 against all boxes of the row's `answer`.

    Boxes are matched one to one, the largest overlap first, from an IoU of `min_iou` on (where boxes crowd, that may be
    fewer than could be matched); a box that is said twice is wrong once. Raises (when grading) RowError where the
    answer holds no box.

    >>> row = {"answer": "[0, 0, 1, 1], [2, 2, 3, 3]"}
    >>> boxes_grader()("[0, 0, 1, 1], [0, 0, 1, 1]", row).score, boxes_grader()("[0, 0, 1, 1]", row).score
    (0.5, 0.6666666666666666)

    Source: F1 at an IoU as in generalised referring expressions (He et al., GREC, arXiv 2308.16182), averaged here.
    """
    if not 0 < min_iou <= 1:
        raise BenchEvalError(f"min_iou must lie in (0, 1]; got {min_iou}.")

    def grade(text: str, row: Mapping[str, Any]) -> Grade:
        truth = text_to_boxes_xyxy(str(row.get("answer")))
        if not truth:
            expected = "boxes such as [0.1, 0.2, 0.5, 0.6], [0, 0, 0.3, 0.4]"
            raise RowError(f"row {row.get('id')!r} needs {expected}; got {row.get('answer')!r}.")
        found = text_to_boxes_xyxy(text)
        if not found:
            return Grade(0.0, "no_box")
        right = _matched(found, truth, min_iou)
        reason = f"{right} of {len(truth)} boxes, {len(found)} said"
        return Grade(2 * right / (len(found) + len(truth)), reason, ", ".join(map(_box_text, found)))

    return grade


def _matched(found: Sequence[BoxXyxy], truth: Sequence[BoxXyxy], min_iou: float) -> int:
    """How many pairs there are, one to one, the largest overlap first."""
    from box_space import iou

    overlaps = iou(found, truth)
    places = [(a, b) for a in range(len(found)) for b in range(len(truth)) if overlaps[a, b] >= min_iou]
    said: set[int] = set()
    met: set[int] = set()
    for a, b in sorted(places, key=lambda place: (-overlaps[place], place)):
        if a not in said and b not in met:
            said.add(a)
            met.add(b)
    return len(met)


def _box_text(box: BoxXyxy) -> str:
    return "[" + ", ".join(f"{edge:g}" for edge in box) + "]"
