"""The four numbers that a model meant as a box, out of whatever it wrote."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from box_space import NumberGroup, number_groups

Unreadable = Literal["no_box", "wrong_count", "several", "truncated"]
"""Why no four numbers can be taken."""

_NAMINGS = (
    ("x0", "y0", "x1", "y1"),
    ("x1", "y1", "x2", "y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("left", "top", "right", "bottom"),
)
_NAMED = re.compile(
    r"(?<!\w)(?P<name>[xy][_-]?(?:[012]|min|max)|left|top|right|bottom)['\"]?\s*[:=]\s*['\"]?"
    r"(?P<number>[+-]?(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++|nan|inf)(?!\w)(?!\.[0-9]))",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(?<=[0-9])\s?%")
_JOINT = re.compile(r"(?<=[\])])\s*+(?:to|and|->|-|–|→)\s*+(?=[\[(])", re.IGNORECASE)
"""What may stand between two corners: "(0.1, 0.2) to (0.5, 0.6)"."""


class BoxNumbers(NamedTuple):
    """Four numbers in the order left, top, right, bottom, as written."""

    xyxy: tuple[float, float, float, float]
    """Any unit, any order of corners, NaN and infinities included."""
    is_percent: bool = False
    """Whether per cent signs stand behind the numbers."""
    is_cut: bool = False
    """Whether they are the first four of five."""


def find_box_numbers(text: str) -> BoxNumbers | Unreadable:
    """The four numbers of the only box in a text, or why there are none; linear in the length of the text.

    Taken are: four numbers in brackets of any kind, also nested or as two corners; four bare numbers with nothing but
    separators between them; values named x0, y0, x1, y1 or x1, y1, x2, y2 or xmin ... or left, top, right, bottom. Five
    numbers are cut to four where the first four are ordered corners and the last four are not. Numbers in prose are
    passed over and never put together: "from 0.1 to 0.5" may be an axis or a corner.

    >>> find_box_numbers("The sign, at (0.1,0.2),(0.5,0.6), is 1 of 3.").xyxy
    (0.1, 0.2, 0.5, 0.6)
    >>> find_box_numbers("I see no sign.")
    'no_box'
    """
    is_percent = len(_PERCENT.findall(text)) >= 4
    text = _JOINT.sub(", ", _PERCENT.sub(" ", text) if is_percent else text)
    groups = number_groups(text)
    found = _only_four(groups)
    if found == "wrong_count":
        found = _named_four(text) or _first_four(groups) or found
    return found if isinstance(found, str) else found._replace(is_percent=is_percent)


def _only_four(groups: list[NumberGroup]) -> BoxNumbers | Unreadable:
    """The only group of four: in brackets if any is, else bare."""
    if not groups:
        return "no_box"
    for bracketed in (True, False):
        part = [group for group in groups if group.bracketed == bracketed and len(group.numbers) % 4 == 0]
        fours = [group.numbers[k : k + 4] for group in part for k in range(0, len(group.numbers), 4)]
        if len({tuple(map(str, four)) for four in fours}) > 1:
            return "several"
        if fours:
            return _box_numbers(fours[0]) if all(group.closed for group in part) else "truncated"
    return "wrong_count" if all(group.closed for group in groups) else "truncated"


def _named_four(text: str) -> BoxNumbers | Unreadable | None:
    """The values of one complete naming; names given twice with other values are several boxes."""
    values = dict[str, set[float]]()
    for match in _NAMED.finditer(text):
        name = re.sub("[_-]", "", match["name"].lower())
        values.setdefault(name, set()).add(float(match["number"]))
    naming = next((naming for naming in _NAMINGS if all(name in values for name in naming)), None)
    if naming is None:
        return None
    if any(len(values[name]) > 1 for name in naming):
        return "several"
    return _box_numbers([value for name in naming for value in values[name]])


def _first_four(groups: list[NumberGroup]) -> BoxNumbers | None:
    """The first four of five where the last four cannot be the box."""
    fives = [group.numbers for group in groups if len(group.numbers) == 5]
    if len(fives) != 1 or not _are_corners(fives[0][:4]) or _are_corners(fives[0][1:]):
        return None
    return _box_numbers(fives[0][:4])._replace(is_cut=True)


def _are_corners(numbers: list[float]) -> bool:
    return numbers[0] < numbers[2] and numbers[1] < numbers[3]


def _box_numbers(numbers: list[float]) -> BoxNumbers:
    x0, y0, x1, y1 = numbers
    return BoxNumbers((x0, y0, x1, y1))
