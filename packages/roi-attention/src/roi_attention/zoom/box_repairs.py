"""Four numbers as a usable box inside the picture, and what had to be done for it."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from box_space import Box, Fraction

from roi_attention.zoom.box_forms import Form
from roi_attention.zoom.box_numbers import BoxNumbers
from roi_attention.zoom.frames import Frame, frame_space
from roi_attention.zoom.widening import widen

Repair = Literal["first_four", "rescaled", "sorted", "clamped", "widened"]
"""What was done to the numbers, in rising order of how much it changes."""
Useless = Literal["not_finite", "off_scale", "outside"]
"""Why four numbers are no box."""

_BEYOND = 0.5
"""How far numbers may leave the frame, in its sides, and still be clamped."""
_NOISE_PX = 1e-6
"""Pixels: what a conversion's float noise may leave of a box beside the picture."""


class RepairedBox(NamedTuple):
    """A box in pixels of the original, inside it and at least a pixel wide and high."""

    box: Box
    repair: Repair | None
    """The gravest one; None where the numbers were fine."""


def repair_box(
    found: BoxNumbers, size_wh: tuple[int, int], frame: Frame, form: Form, *, step: float, least_share: float
) -> RepairedBox | Useless:
    """The box of four numbers of an unknown model, or why they are none.

    Numbers are fractions in form `llava` and thousandths in form `qwen`; four per cent signs make them per cent; up to
    1.5 in form `qwen` they are fractions; whole numbers of which one is from 101 to 1000 are thousandths in form
    `llava`. Half a frame beyond the frame is clamped; farther out, the unit is not known.

    Args:
        found: the numbers.
        size_wh: of the original, pixels.
        frame: what they are relative to.
        form: what was asked for.
        step: of a text's last digit, as a fraction; what a side may lack of the least one.
        least_share: least side, in shares of the picture's shorter side.
    """
    if not all(map(math.isfinite, found.xyxy)):
        return "not_finite"
    fractions, is_rescaled = _to_fractions(found, form)
    if min(fractions) < -_BEYOND or max(fractions) > 1 + _BEYOND:
        return "off_scale"
    inside = [min(max(value, 0.0), 1.0) for value in fractions]
    (x0, x1), (y0, y1) = sorted(inside[::2]), sorted(inside[1::2])
    part = _on_picture(Box(x0, y0, x1, y1, Fraction(frame_space(size_wh, frame))))
    if part is None:
        return "outside"
    box = _wide_enough(part, frame, step, least_share)
    repairs: list[tuple[bool, Repair]] = [
        (box != part, "widened"),
        (inside != fractions, "clamped"),
        (inside != [x0, y0, x1, y1], "sorted"),
        (is_rescaled, "rescaled"),
        (found.is_cut, "first_four"),
    ]
    return RepairedBox(widen(box, 1, 1), next((repair for applies, repair in repairs if applies), None))


def _to_fractions(found: BoxNumbers, form: Form) -> tuple[list[float], bool]:
    """The numbers as fractions of the frame, and whether their unit is another than the form's."""
    numbers, largest = list(found.xyxy), max(found.xyxy)
    if found.is_percent:
        return [number / 100 for number in numbers], True
    if form == "qwen":
        are_fractions = largest <= 1 + _BEYOND
        return (numbers if are_fractions else [number / 1000 for number in numbers]), are_fractions
    if 100 < largest <= 1000 and min(numbers) >= 0 and all(number == int(number) for number in numbers):
        return [number / 1000 for number in numbers], True
    return numbers, False


def _on_picture(box: Box) -> Box | None:
    """The part of the box on the picture, in pixels; None where there is none but padding."""
    pixels = box.to(box.space.original)
    width, height = pixels.space.extent_wh
    part = pixels.clipped()
    is_beside = pixels.x1 < 0 or pixels.x0 > width or pixels.y1 < 0 or pixels.y0 > height
    no_width, no_height = part.width <= _NOISE_PX < pixels.width, part.height <= _NOISE_PX < pixels.height
    return None if is_beside or no_width or no_height else part


def _wide_enough(box: Box, frame: Frame, step: float, least_share: float) -> Box:
    """The box with its least sides; as it is where it lacks no more of them than a text's last digit."""
    size_wh = box.space.original.width, box.space.original.height
    least = least_share * min(size_wh)
    frame_width, frame_height = frame_space(size_wh, frame).extent_wh
    if box.width >= least - step * frame_width and box.height >= least - step * frame_height:
        return box
    return widen(box, least, least)
