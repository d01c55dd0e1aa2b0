"""Rules that read one box from an answer, each after whose it is; they take it in pixels of the picture as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from box_space import BoxTextError, Fraction, OriginalPixels, llava_space, llava_text_to_box

from bench_eval.errors import RowError
from bench_eval.final_texts import final_text
from bench_eval.grades import Grade

HIT = 0.5
"""IoU from which a box is right."""
Xyxy = tuple[float, float, float, float]
"""Left, top, right, bottom; some rules let them be the wrong way round."""
_DECIMAL = r"(-?\d++(?:\.\d++)?)"
_LMMS_EVAL = re.compile(r"\[\s*" + r",\s*".join([_DECIMAL] * 4) + r"\s*\]")
_NUMBER = r"[-+]?(?:\d++(?:\.\d++)?|\.\d++)(?:[eE][-+]?\d++)?"
_VLMEVALKIT = re.compile(r"\[\s*" + r"(?:\s*,\s*|\s+)".join([f"({_NUMBER})"] * 4) + r"\s*\]")


def grade_box_of_fractions(text: str, row: Mapping[str, Any]) -> Grade:
    """The only box of fractions in the text, of the picture as it is; several, or numbers that are none, are no answer.

    Rows have `box_xyxy_px`, `width` and `height`; thinking is cut off.

    >>> row = {"box_xyxy_px": [160, 120, 480, 360], "width": 640, "height": 480}
    >>> grade_box_of_fractions("It is at [0.25, 0.25, 0.75, 0.75].", row)
    Grade(score=1.0, reason='iou 1.000', answer='[160.0, 120.0, 480.0, 360.0]')
    >>> grade_box_of_fractions("[160, 120, 480, 360]", row)
    Grade(score=0.0, reason='out_of_range', answer='')
    """
    return _grade_fractions(text, row, Fraction(OriginalPixels(*_size_wh(row))))


def grade_box_of_padded_fractions(text: str, row: Mapping[str, Any]) -> Grade:
    """As `grade_box_of_fractions`, but the fractions are of the picture padded to a square, which is undone.

    Source: how LLaVA-1.5 (arXiv 2310.03744) prepares pictures and boxes.

    >>> row = {"box_xyxy_px": [160, 120, 480, 360], "width": 640, "height": 480}
    >>> grade_box_of_padded_fractions("[0.25, 0.3125, 0.75, 0.6875]", row).reason
    'iou 1.000'
    """
    return _grade_fractions(text, row, llava_space(*_size_wh(row)))


def grade_box_lmms_eval(text: str, row: Mapping[str, Any]) -> Grade:
    """The first four decimals in square brackets with commas between, as fractions; neither clipped nor sorted.

    Source: lmms-eval, tasks refcoco_bbox_rec; a text without a box is [0, 0, 0, 0] there, and no answer here.

    >>> row = {"box_xyxy_px": [160, 120, 480, 360], "width": 640, "height": 480}
    >>> [grade_box_lmms_eval(text, row).score for text in ("[0.25, 0.25, 0.75, 0.75]", "(0.25, 0.25, 0.75, 0.75)")]
    [1.0, 0.0]
    """
    match = _LMMS_EVAL.search(text)
    return _graded(_scaled(match.groups(), *_size_wh(row)) if match else None, row)


def grade_box_vlmevalkit(text: str, row: Mapping[str, Any]) -> Grade:
    """Four numbers in square brackets, else the first four of the text; their unit is guessed from the largest.

    Up to 1.5 they are fractions, up to 1000 thousandths, and pixels beyond; then clipped, and corners sorted.

    Source: VLMEvalKit, RefCOCO. Pixel boxes in pictures of at most 1000 pixels are taken for thousandths.

    >>> row = {"box_xyxy_px": [160, 120, 480, 360], "width": 640, "height": 480}
    >>> [grade_box_vlmevalkit(text, row).score for text in ("(250, 250), (750, 750)", "0.75 0.75 0.25 0.25", "a box")]
    [1.0, 1.0, 0.0]
    """
    match = _VLMEVALKIT.search(text)
    numbers: Sequence[str] = match.groups() if match else re.findall(_NUMBER, text)[:4]
    if len(numbers) < 4:
        return _graded(None, row)
    width, height = _size_wh(row)
    largest = max(abs(float(number)) for number in numbers)
    unit = 1.0 if largest <= 1.5 else 1000.0
    x0, y0, x1, y1 = _scaled(numbers, width / unit, height / unit) if largest <= 1000 else _scaled(numbers, 1, 1)
    left, right = sorted(min(max(edge, 0.0), width) for edge in (x0, x1))
    top, bottom = sorted(min(max(edge, 0.0), height) for edge in (y0, y1))
    return _graded((left, top, right, bottom), row)


def answer_to_box(answer: str) -> Xyxy | None:
    """Read back the box of a grade's `answer`; None where it is empty.

    >>> answer_to_box("[160.0, 120.0, 480.0, 360.0]"), answer_to_box("")
    ((160.0, 120.0, 480.0, 360.0), None)
    """
    if not answer:
        return None
    x0, y0, x1, y1 = (float(edge) for edge in answer.strip("[]").split(","))
    return x0, y0, x1, y1


def iou_of_two(a: Xyxy, b: Xyxy) -> float:
    """Intersection over union of two boxes, 0 where one is the wrong way round; `box_space.iou` without its arrays.

    >>> iou_of_two((0, 0, 10, 10), (0, 0, 10, 8)), iou_of_two((10, 0, 0, 10), (0, 0, 10, 10))
    (0.8, 0.0)
    """
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def true_box(row: Mapping[str, Any]) -> Xyxy:
    """Return a row's `box_xyxy_px`.

    Raises:
        RowError: it is no box with an area.
    """
    given: Any = row.get("box_xyxy_px")
    if isinstance(given, list | tuple) and len(cast("list[Any]", given)) == 4:
        x0, y0, x1, y1 = (float(edge) for edge in cast("list[Any]", given))
        if x0 < x1 and y0 < y1:
            return x0, y0, x1, y1
    raise RowError(f"row {row.get('id')!r} needs box_xyxy_px as left, top, right, bottom in pixels; got {given!r}.")


def _size_wh(row: Mapping[str, Any]) -> tuple[int, int]:
    size = row.get("width"), row.get("height")
    if not all(isinstance(side, int) and side > 0 for side in size):
        raise RowError(f"row {row.get('id')!r} needs the picture's width and height in pixels; got {size}.")
    return int(row["width"]), int(row["height"])


def _grade_fractions(text: str, row: Mapping[str, Any], space: Fraction) -> Grade:
    true_box(row)
    try:
        box = llava_text_to_box(final_text(text), space)
    except BoxTextError as error:
        return Grade(0.0, error.reason)
    return _graded(box.to(space.original).xyxy, row)


def _scaled(numbers: Sequence[str], width: float, height: float) -> Xyxy:
    x0, y0, x1, y1 = (float(number) for number in numbers)
    return x0 * width, y0 * height, x1 * width, y1 * height


def _graded(box: Xyxy | None, row: Mapping[str, Any]) -> Grade:
    truth = true_box(row)
    if box is None:
        return Grade(0.0, "no_box")
    overlap = iou_of_two(box, truth)
    return Grade(float(overlap >= HIT), f"iou {overlap:.3f}", str([round(edge, 4) for edge in box]))
