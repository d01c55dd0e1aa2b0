"""The one form of a scene that is written: boxes on a grid of steps, things in an order that holds nothing back."""

from __future__ import annotations

from operator import itemgetter

from code_caption.corners import area, around
from code_caption.errors import SettingsError
from code_caption.scene import BoxFractions, Element, Group, Relation, Scene

BoxSteps = tuple[int, int, int, int]
"""`(x0, y0, x1, y1)` in whole steps of the grid that boxes are rounded to."""


def canonical(scene: Scene, *, digits: int = 2, scale: int = 1) -> Scene:
    """The scene as `scene_to_code` writes it; applying it twice changes nothing.

    Boxes are rounded; a box that is narrower than one step becomes one step wide and stays inside the image. Elements
    go by the area of the rounded box, largest first, then by x0, y0, x1, y1, name and all else; groups by their outer
    box likewise, their members in order of coordinates; relations follow their things and go by indices and caption.
    Things that are equal in everything keep the order that they had.

    >>> canonical(Scene(elements=(Element("bee", (0.1, 0.1, 0.103, 0.2)),))).elements[0].box
    (0.1, 0.1, 0.11, 0.2)

    Raises:
        SettingsError: `digits` is not 1 to 4, or `scale` neither 1 nor 1000.
    """
    steps = grid_steps(digits=digits, scale=scale)
    elements = [(_element_key(element, steps), place, element) for place, element in enumerate(scene.elements)]
    groups = [(_group_key(group, steps), place, group) for place, group in enumerate(scene.groups)]
    elements.sort(key=itemgetter(0, 1))
    groups.sort(key=itemgetter(0, 1))
    before = len(elements)
    places = [place for _, place, _ in elements] + [before + place for _, place, _ in groups]
    return Scene(
        scene.caption,
        tuple(
            Element(thing.name, steps_to_fractions(key[1:5], steps), thing.caption, tuple(thing.attributes), thing.text)
            for key, _, thing in elements
        ),
        tuple(Group(thing.name, tuple(steps_to_fractions(box, steps) for box in key[-1])) for key, _, thing in groups),
        _moved_relations(scene.relations, places),
    )


def grid_steps(*, digits: int, scale: int) -> int:
    """How many steps the image is wide and high.

    Raises:
        SettingsError: `digits` is not 1 to 4, or `scale` neither 1 nor 1000.
    """
    require_scale(scale)
    if not 1 <= digits <= 4:
        raise SettingsError("digits", f"digits must be 1 to 4 (decimals of a fraction); got {digits!r}.")
    return scale if scale > 1 else 10**digits


def require_scale(scale: int) -> None:
    """Make sure that numbers are written as fractions or as thousandths.

    Raises:
        SettingsError: they are not.
    """
    if scale not in (1, 1000):
        raise SettingsError("scale", f"scale must be 1 (fractions) or 1000 (whole thousandths); got {scale!r}.")


def box_to_steps(box: BoxFractions, steps: int) -> BoxSteps:
    """The box on the grid, at least one step wide and high."""
    left, top, right, bottom = box
    x0, y0, x1, y1 = round(left * steps), round(top * steps), round(right * steps), round(bottom * steps)
    if x0 == x1:
        x0, x1 = _widened(x0, (left + right) / 2 * steps, steps)
    if y0 == y1:
        y0, y1 = _widened(y0, (top + bottom) / 2 * steps, steps)
    return x0, y0, x1, y1


def steps_to_fractions(box: BoxSteps, steps: int) -> BoxFractions:
    """The box in shares; each is the float nearest to its decimal, so that it prints as short as it was rounded."""
    x0, y0, x1, y1 = box
    return x0 / steps, y0 / steps, x1 / steps, y1 / steps


def _widened(end: int, middle: float, steps: int) -> tuple[int, int]:
    """The ends of a side that rounding left without width: one step towards where it lay."""
    if end == steps or (middle < end and end > 0):
        return end - 1, end
    return end, end + 1


# Keys are (area, x0, y0, x1, y1, name, all else); the canonical box is read back from them.
_ElementKey = tuple[int, int, int, int, int, str, str, tuple[str, ...], str]
_GroupKey = tuple[int, int, int, int, int, str, tuple[BoxSteps, ...]]


def _element_key(element: Element, steps: int) -> _ElementKey:
    box = box_to_steps(element.box, steps)
    return (-area(box), *box, element.name, element.caption, tuple(element.attributes), element.text)


def _group_key(group: Group, steps: int) -> _GroupKey:
    members = tuple(sorted(box_to_steps(member, steps) for member in group.members))
    box = around(members)
    return (-area(box), *box, group.name, members)


def _moved_relations(relations: tuple[Relation, ...], places: list[int]) -> tuple[Relation, ...]:
    """The relations after the thing that stood at `places[i]` has moved to place i."""
    if not relations:
        return ()
    moved_to = {place: index for index, place in enumerate(places)}
    moved = [(moved_to[relation.a], moved_to[relation.b], relation.caption) for relation in relations]
    return tuple(Relation(*entry) for entry in sorted(moved))
