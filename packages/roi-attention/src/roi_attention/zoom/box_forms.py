"""The two forms of a box text, and what their numbers are relative to."""

from __future__ import annotations

import re
from typing import Literal

from box_space import Fraction, Thousand

from roi_attention.errors import ZoomError
from roi_attention.zoom.frames import Frame, frame_space

Form = Literal["llava", "qwen"]
"""`llava`: a list of fractions, `[0.250, 0.312, 0.750, 0.688]`; `qwen`: `{"bbox_2d": [250, 312, 750, 688]}`."""

_NUMBER = r"[0-9]{1,4}(?:\.[0-9]{1,6})?"
_LIST = rf"\[\s?{_NUMBER}(?:\s?,\s?{_NUMBER}){{3}}\s?\]"
_EXACT = {"llava": re.compile(_LIST), "qwen": re.compile(rf'\{{\s?"bbox_2d"\s?:\s?{_LIST}\s?\}}')}


def form_space(size_wh: tuple[int, int], frame: Frame, form: Form) -> Fraction | Thousand:
    """The space of a form's numbers, for an original of this size.

    >>> form_space((640, 480), "whole", "qwen").extent_wh
    (1000.0, 1000.0)

    Raises:
        ZoomError: `frame`, `form`.
    """
    if form not in ("llava", "qwen"):
        raise ZoomError("form", f"form must be 'llava' or 'qwen'; got {form!r}.")
    space = frame_space(size_wh, frame)
    return Fraction(space) if form == "llava" else Thousand(space)


def is_in_form(text: str, form: Form) -> bool:
    """Whether a text is a box in this form and nothing else; blanks and the number of decimals are free.

    >>> is_in_form("[0.1, 0.25, 1, 1.0]", "llava"), is_in_form("It is [0.1, 0.25, 1, 1.0].", "llava")
    (True, False)
    """
    return _EXACT[form].fullmatch(text) is not None
