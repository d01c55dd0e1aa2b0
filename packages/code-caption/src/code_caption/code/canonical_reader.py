"""A fast reader for code in exactly our own form; all other text is for the parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from code_caption.code.rendering import EMPTY, HEADER, layout
from code_caption.errors import SceneError
from code_caption.scene import BoxFractions, Element, Group, Relation, Scene

ThingT = TypeVar("ThingT")

_TEXT = r"""(?:'[^'\\\n]*'|"[^"\\\n]*")"""
_FRACTION = r"(?:0\.\d{1,4}|1\.0)"
_THOUSANDTH = r"\d{1,4}"
_TEXT_PATTERN = re.compile(_TEXT)
_CAPTION = re.compile(rf"        self\.caption = ({_TEXT})")
_RELATION = re.compile(rf"            Relation\(a=(\d{{1,5}}), b=(\d{{1,5}}), caption=({_TEXT})\),")


class _Lines:
    """The patterns of the lines that hold boxes, for one way to write numbers."""

    def __init__(self, number: str) -> None:
        box = rf"\[{number}, {number}, {number}, {number}\]"
        values = rf"\[({number}), ({number}), ({number}), ({number})\]"
        optional = rf"(?:, attributes=\[({_TEXT}(?:, {_TEXT})*)\])?(?:, caption=({_TEXT}))?(?:, text=({_TEXT}))?"
        self.box = re.compile(values)
        self.element = re.compile(rf"            Element\(name=({_TEXT}), box={values}{optional}\),")
        self.group = re.compile(
            rf"            Group\(name=({_TEXT}), count=\d{{1,5}}, box={box}, members=\[({box}(?:, {box})*)\]\),"
        )


_FRACTION_LINES, _THOUSANDTH_LINES = _Lines(_FRACTION), _Lines(_THOUSANDTH)


def read_canonical(code: str, *, scale: int) -> Scene | None:
    """The scene, if the code is what `scene_to_code` writes and no string in it needs a backslash; otherwise None.

    The patterns only guess: what they read counts if writing it gives the very same code again.
    """
    if "\\" in code or not code.startswith(HEADER[0]):
        return None
    try:
        scene = _read_lines(code.split("\n"), scale)
    except SceneError:
        return None
    return scene if scene is not None and layout(scene, scale=scale) == code else None


def _read_lines(lines: list[str], scale: int) -> Scene | None:
    """What the lines seem to say, or None."""
    patterns = _FRACTION_LINES if scale == 1 else _THOUSANDTH_LINES
    number = float if scale == 1 else _thousandths
    rest = lines[:1:-1]
    if rest == [EMPTY]:
        return Scene()
    caption = _CAPTION.fullmatch(rest[-1]) if rest else None
    if caption:
        rest.pop()
    elements = _read_list(rest, "elements", patterns.element, lambda found: _element(found, number))
    groups = _read_list(rest, "groups", patterns.group, lambda found: _group(found, patterns.box, number))
    relations = _read_list(rest, "relations", _RELATION, _relation)
    return None if rest else Scene(caption[1][1:-1] if caption else "", elements, groups, relations)


def _read_list(
    rest: list[str], field: str, pattern: re.Pattern[str], read: Callable[[tuple[str, ...]], ThingT]
) -> tuple[ThingT, ...]:
    """Take the lines of one list from the end of `rest`, which stands upside down; a line that is left over tells."""
    if not rest or rest[-1] != f"        self.{field} = [":
        return ()
    rest.pop()
    things: list[ThingT] = []
    while rest and (found := pattern.fullmatch(rest[-1])):
        things.append(read(found.groups()))
        rest.pop()
    if rest and rest[-1] == "        ]":
        rest.pop()
    return tuple(things)


def _element(found: tuple[str, ...], number: Callable[[str], float]) -> Element:
    name, x0, y0, x1, y1, attributes, caption, text = found
    return Element(
        name[1:-1],
        (number(x0), number(y0), number(x1), number(y1)),
        caption[1:-1] if caption else "",
        tuple(each[1:-1] for each in _TEXT_PATTERN.findall(attributes)) if attributes else (),
        text[1:-1] if text else "",
    )


def _group(found: tuple[str, ...], box: re.Pattern[str], number: Callable[[str], float]) -> Group:
    return Group(found[0][1:-1], tuple(_box(values, number) for values in box.findall(found[1])))


def _relation(found: tuple[str, ...]) -> Relation:
    return Relation(int(found[0]), int(found[1]), found[2][1:-1])


def _box(values: Iterable[str], number: Callable[[str], float]) -> BoxFractions:
    x0, y0, x1, y1 = values
    return number(x0), number(y0), number(x1), number(y1)


def _thousandths(digits: str) -> float:
    return int(digits) / 1000
