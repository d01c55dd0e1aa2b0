"""Boxes as text, in the forms that vision-language models write, and back from what models really write.

Printed boxes are never empty: where rounding would make two edges equal, the box is one step wider. Parsers look past
prose, spaces and the kind of brackets, and refuse everything else with a reason.
"""

from __future__ import annotations

import math
import re

from box_space.boxes import Box
from box_space.errors import BoxError, BoxTextError
from box_space.number_groups import NumberGroup, number_groups
from box_space.spaces import Fraction, Space, Thousand, llava_space, qwen_space

_TAGGED = re.compile(r"<box>([^<]*)</box>|<\|box_start\|>([^<]*)<\|box_end\|>", re.IGNORECASE)


def box_to_llava_text(box: Box, *, digits: int = 2) -> str:
    """Print a box as LLaVA does, `[0.25, 0.31, 0.50, 0.60]`: left, top, right, bottom.

    Args:
        box: printed as it is when its space is `Fraction`; else as fractions of the square-padded original.
        digits: decimals.

    Raises:
        BoxError: `outside_image` when the box does not touch the picture.

    >>> box_to_llava_text(Box(160, 120, 480, 360, llava_space(640, 480).original))
    '[0.25, 0.31, 0.75, 0.69]'
    """
    original, steps = box.space.original, 10**digits
    space = box.space if isinstance(box.space, Fraction) else llava_space(original.width, original.height)
    ticks = _ticks(box.to(space), steps)
    return "[" + ", ".join(f"{tick / steps:.{digits}f}" for tick in ticks) + "]"


def llava_text_to_box(text: str, space: Fraction) -> Box:
    """Read the one box of fractions in a text such as `[0.25, 0.31, 0.50, 0.60]`.

    Args:
        text: a model's words; prose around the box, missing or round brackets and any number of decimals are fine.
        space: what the fractions are of; `llava_space(width, height)` for LLaVA.

    Raises:
        BoxTextError: `no_box`, `wrong_count`, `several_boxes`, `truncated`, `not_finite`, `out_of_range`, `reversed`,
            `empty`.

    >>> llava_text_to_box("It is at [0.25, 0.31, 0.5, 0.60].", llava_space(640, 640)).xyxy
    (0.25, 0.31, 0.5, 0.6)
    """
    return _box_from(text, number_groups(text), space)


def box_to_qwen_text(box: Box) -> str:
    """Print a box as Qwen3-VL does, `{"bbox_2d": [250, 310, 500, 600]}`: whole thousandths of the unpadded original.

    Args:
        box: printed as it is when its space is `Thousand`; else converted.

    Raises:
        BoxError: `outside_image` when the box does not touch the picture.

    >>> box_to_qwen_text(Box(160, 120, 480, 360, qwen_space(640, 480).original))
    '{"bbox_2d": [250, 250, 750, 750]}'
    """
    return f'{{"bbox_2d": [{_thousandths(box)}]}}'


def qwen_text_to_box(text: str, space: Thousand) -> Box:
    """Read the one box of thousandths in a text: `bbox_2d` JSON, a bare list, `(250,310),(500,600)` or tagged.

    Raises:
        BoxTextError: as `llava_text_to_box`.

    >>> qwen_text_to_box("<|box_start|>(250,250),(750,750)<|box_end|>", qwen_space(640, 480)).xyxy
    (250.0, 250.0, 750.0, 750.0)
    """
    return _box_from(text, number_groups(text), space)


def box_to_tag_text(box: Box) -> str:
    """Print a box as InternVL does, `<box>[[250, 310, 500, 600]]</box>`: whole thousandths of the unpadded original.

    Args:
        box: printed as it is when its space is `Thousand`; else converted.

    Raises:
        BoxError: `outside_image` when the box does not touch the picture.

    >>> box_to_tag_text(Box(160, 120, 480, 360, qwen_space(640, 480).original))
    '<box>[[250, 250, 750, 750]]</box>'
    """
    return f"<box>[[{_thousandths(box)}]]</box>"


def tag_text_to_box(text: str, space: Thousand) -> Box:
    """Read the one box of thousandths between box tags; numbers elsewhere in the text are ignored.

    Raises:
        BoxTextError: as `llava_text_to_box`; `no_box` when there are no tags.

    >>> tag_text_to_box("2 dogs <box>(250,310),(500,600)</box>", qwen_space(640, 480)).xyxy
    (250.0, 310.0, 500.0, 600.0)
    """
    inner = [first or second for first, second in _TAGGED.findall(text)]
    return _box_from(text, [group for part in inner for group in number_groups(part)], space)


def _thousandths(box: Box) -> str:
    original = box.space.original
    space = box.space if isinstance(box.space, Thousand) else qwen_space(original.width, original.height)
    return ", ".join(map(str, _ticks(box.to(space), 1000)))


def _ticks(box: Box, steps: int) -> list[int]:
    """The four edges in whole steps of the space's extent, clamped, at least one step apart."""
    width, height = box.space.extent_wh
    left, right = _two_ticks(box.x0 / width, box.x1 / width, steps, box)
    top, bottom = _two_ticks(box.y0 / height, box.y1 / height, steps, box)
    return [left, top, right, bottom]


def _two_ticks(low: float, high: float, steps: int, box: Box) -> tuple[int, int]:
    if low > 1 or high < 0:
        raise BoxError("outside_image", f"the box must touch the picture; got {box.xyxy} in {box.space}.")
    first, last = round(max(low, 0.0) * steps), round(min(high, 1.0) * steps)
    if first < last:
        return first, last
    first = min(math.floor(max(low, 0.0) * steps), steps - 1)
    return first, first + 1


def _box_from(text: str, groups: list[NumberGroup], space: Space) -> Box:
    numbers, limit = _four_numbers(text, groups), space.extent_wh[0]
    x0, y0, x1, y1 = numbers
    if not all(map(math.isfinite, numbers)):
        raise _refusal("not_finite", text, "four finite numbers")
    if min(numbers) < 0 or max(numbers) > limit:
        raise _refusal("out_of_range", text, f"numbers from 0 to {limit:g}")
    if x0 > x1 or y0 > y1:
        raise _refusal("reversed", text, "left <= right and top <= bottom")
    if x0 == x1 or y0 == y1:
        raise _refusal("empty", text, "a box with an area")
    return Box(x0, y0, x1, y1, space)


def _four_numbers(text: str, groups: list[NumberGroup]) -> list[float]:
    """The numbers of the only group of four: in brackets if any are, else bare."""
    if not groups:
        raise _refusal("no_box", text, "four numbers")
    candidates = [group for group in groups if group.bracketed] or groups
    fours = [group for group in candidates if len(group.numbers) == 4]
    if len({tuple(map(str, group.numbers)) for group in fours}) > 1 or any(_several(group) for group in candidates):
        raise _refusal("several_boxes", text, "one box")
    if not fours:
        raise _refusal("wrong_count" if all(g.closed for g in candidates) else "truncated", text, "four numbers")
    if not fours[0].closed:
        raise _refusal("truncated", text, "a closing bracket")
    return fours[0].numbers


def _several(group: NumberGroup) -> bool:
    return len(group.numbers) > 4 and len(group.numbers) % 4 == 0


def _refusal(reason: str, text: str, expected: str) -> BoxTextError:
    shown = text if len(text) <= 80 else text[:77] + "..."
    return BoxTextError(reason, f"a box text needs {expected}; got {shown!r}.")
