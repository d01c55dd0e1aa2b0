"""The box text of the first turn: printed for training, read leniently from what a model wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from box_space import Box, Thousand, box_to_llava_text, box_to_qwen_text, pixel_window

from roi_attention.zoom.box_forms import Form, form_space, is_in_form
from roi_attention.zoom.box_numbers import Unreadable, find_box_numbers
from roi_attention.zoom.box_repairs import Repair, Useless, repair_box
from roi_attention.zoom.frames import Frame
from roi_attention.zoom.widening import whole_box

Verdict = Literal["ok", "loose"] | Repair | Unreadable | Useless
"""How a text was read.

- Read: `ok` (in the form asked for), `loose` (in another form, or with words around it); with the gravest repair:
  `first_four` (of five numbers), `rescaled` (another unit), `sorted` (corners), `clamped` (to the frame), `widened`.
- Not read, so the whole picture is taken: `no_box`, `wrong_count`, `several`, `truncated`, `not_finite`, `off_scale`
  (numbers of no known unit), `outside` (nothing but padding).
"""

LEAST_SHARE = 1 / 8
"""Least side of a box that is read, in shares of the picture's shorter side."""


@dataclass(frozen=True)
class Where:
    """Where a model wants to look."""

    box: Box
    """In pixels of the original and inside it, never empty; the whole picture where nothing could be read."""
    verdict: Verdict
    """How the text was read, a slug to count by."""
    text: str
    """What the history should say: the model's own words where the verdict is `ok`, else the box's canonical text."""

    @property
    def was_read(self) -> bool:
        """Whether the box is the model's and not the whole picture in place of one."""
        return self.verdict not in get_args(Unreadable) + get_args(Useless)


def where_text(box: Box, frame: Frame, *, form: Form = "llava", digits: int = 3) -> str:
    """The canonical text of a box: left, top, right, bottom of the padded square, or of the picture in frame `whole`.

    Args:
        box: any space; what of it lies outside the picture is cut off.
        frame: what the numbers are relative to.
        form: fractions or thousandths.
        digits: decimals of form `llava`.

    Raises:
        box_space.BoxError: `outside_image` when the box does not touch the picture.
        ZoomError: `frame`, `form`.

    Source: Chain-of-Spot (arXiv 2403.12966); its published code drops zeros at the end of its three decimals.

    >>> from box_space import OriginalPixels
    >>> where_text(Box(160, 120, 480, 360, OriginalPixels(640, 480)), "padded")
    '[0.250, 0.312, 0.750, 0.688]'
    """
    original = box.space.original
    pixel_window(box)  # refuses what does not touch the picture
    part = box.to(original).clipped().to(form_space((original.width, original.height), frame, form))
    return box_to_qwen_text(part) if isinstance(part.space, Thousand) else box_to_llava_text(part, digits=digits)


def read_where(
    text: str,
    size_wh: tuple[int, int],
    frame: Frame,
    form: Form = "llava",
    *,
    digits: int = 3,
    least_share: float = LEAST_SHARE,
) -> Where:
    """Read a box from anything, or take the whole picture and say why.

    Prose around, other brackets, names and units are fine (`find_box_numbers`, `repair_box`); reversed corners are
    sorted, what leaves the frame is clamped, padding is cut off, and a side below `least_share` of the picture's
    shorter side is widened about its centre, shifted inside.

    Args:
        text: the model's words.
        size_wh: of the original, pixels.
        frame: what the numbers are relative to.
        form: what was asked for.
        digits: decimals of the canonical text.
        least_share: 0 to 1; 0 keeps specks.

    Raises:
        ZoomError: `frame`, `form`.

    >>> where = read_where("I would look at (0.5, 0.6, 0.25, 0.3).", (640, 640), "padded")
    >>> where.verdict, where.text
    ('sorted', '[0.250, 0.300, 0.500, 0.600]')
    """
    form_space(size_wh, frame, form)  # refuses an unknown frame or form
    step = 10**-digits if form == "llava" else 1e-3
    found = find_box_numbers(text)
    if isinstance(found, str):
        return _where(whole_box(size_wh), found, frame, form, digits)
    read = repair_box(found, size_wh, frame, form, step=step, least_share=least_share)
    if isinstance(read, str):
        return _where(whole_box(size_wh), read, frame, form, digits)
    if read.repair is None and is_in_form(text.strip(), form):
        return Where(read.box, "ok", text.strip())
    return _where(read.box, read.repair or "loose", frame, form, digits)


def _where(box: Box, verdict: Verdict, frame: Frame, form: Form, digits: int) -> Where:
    return Where(box, verdict, where_text(box, frame, form=form, digits=digits))
