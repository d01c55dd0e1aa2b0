"""A scene written as Python code that parses: the text that a model learns to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from code_caption.code.canonical_form import canonical
from code_caption.scene import BoxFractions, Element, Group, Relation, Scene

HEADER: tuple[str, str] = ("class Scene:", "    def __init__(self):")
"""The first lines of every code caption."""
FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Scene))
"""What a scene has, in the order in which it is written: caption, elements, groups, relations."""
EMPTY = "        pass"
"""The body of a scene that holds nothing."""

# Unlike `repr`, it writes what parses for strings of a subclass too, and refuses what is no string.
_quote = str.__repr__


def scene_to_code(scene: Scene, *, digits: int = 2, scale: int = 1) -> str:
    r"""The scene, in its canonical form, as the code of a class; no newline at the end.

    Assignments come in the order caption, elements, groups, relations; what is empty is left out, and a scene without
    anything is `pass`. There is one element, group or relation to a line, never wrapped. Relations count through the
    elements, then the groups. With `scale=1` a box holds fractions of `digits` decimals, with `scale=1000` whole
    thousandths (`digits` does not matter then). The bytes depend on nothing but the scene and these settings.

    >>> print(scene_to_code(Scene("A pond.", (Element("duck", (0.1, 0.2, 0.4, 0.613), text="No. 7"),))))
    class Scene:
        def __init__(self):
            self.caption = 'A pond.'
            self.elements = [
                Element(name='duck', box=[0.1, 0.2, 0.4, 0.61], text='No. 7'),
            ]

    Raises:
        SettingsError: `digits` is not 1 to 4, or `scale` neither 1 nor 1000.

    Source: the layout is ours; the paper's code is known from descriptions of it only (class, captions, boxes, text).
    """
    return layout(canonical(scene, digits=digits, scale=scale), scale=scale)


def layout(scene: Scene, *, scale: int) -> str:
    """The code of a scene whose boxes are rounded and whose things are in order already."""
    box_text = _fractions if scale == 1 else _thousandths
    lines: list[str] = [*HEADER]
    if scene.caption:
        lines.append(f"        self.caption = {_quote(scene.caption)}")
    if scene.elements:
        lines += ["        self.elements = [", *[_element_line(each, box_text) for each in scene.elements], "        ]"]
    if scene.groups:
        lines += ["        self.groups = [", *[_group_line(each, box_text) for each in scene.groups], "        ]"]
    if scene.relations:
        lines += ["        self.relations = [", *[_relation_line(each) for each in scene.relations], "        ]"]
    return "\n".join(lines if len(lines) > len(HEADER) else [*lines, EMPTY])


def _fractions(box: BoxFractions) -> str:
    x0, y0, x1, y1 = box
    return f"[{x0!r}, {y0!r}, {x1!r}, {y1!r}]"


def _thousandths(box: BoxFractions) -> str:
    x0, y0, x1, y1 = box
    return f"[{round(x0 * 1000)}, {round(y0 * 1000)}, {round(x1 * 1000)}, {round(y1 * 1000)}]"


def _element_line(element: Element, box_text: Callable[[BoxFractions], str]) -> str:
    line = f"            Element(name={_quote(element.name)}, box={box_text(element.box)}"
    if element.attributes:
        line += f", attributes=[{', '.join(map(_quote, element.attributes))}]"
    if element.caption:
        line += f", caption={_quote(element.caption)}"
    if element.text:
        line += f", text={_quote(element.text)}"
    return line + "),"


def _group_line(group: Group, box_text: Callable[[BoxFractions], str]) -> str:
    members = ", ".join(map(box_text, group.members))
    start = f"            Group(name={_quote(group.name)}, count={len(group.members)}, box={box_text(group.box)}"
    return f"{start}, members=[{members}]),"


def _relation_line(relation: Relation) -> str:
    return f"            Relation(a={relation.a}, b={relation.b}, caption={_quote(relation.caption)}),"
