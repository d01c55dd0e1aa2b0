"""A scene cut down to what fits in a number of tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from code_caption.code.canonical_form import box_to_steps, canonical, grid_steps
from code_caption.code.rendering import layout
from code_caption.corners import area
from code_caption.errors import CodeError
from code_caption.scene import Element, Group, Relation, Scene


@dataclass(frozen=True)
class Fitted:
    """A scene that fits."""

    scene: Scene
    """What is left, in canonical form."""
    code: str
    """Its code."""
    dropped: tuple[Element | Group, ...]
    """What had to go, the largest first; relations with it went too."""


def fit_scene(
    scene: Scene, most_tokens: int, count_tokens: Callable[[str], int], *, digits: int = 2, scale: int = 1
) -> Fitted:
    """Drop the smallest things until the code has at most `most_tokens` tokens; the caption stays.

    A group is one thing, as large as the box around it. Relations with a dropped thing go with it. How many things
    stay is found by halving, so that `count_tokens` is called about log2(things) + 2 times; it should grow with the
    code, and if it does not, the code that is returned fits all the same.

    >>> scene = Scene("A pond.", (Element("duck", (0.1, 0.1, 0.5, 0.6)), Element("bee", (0.7, 0.1, 0.72, 0.12))))
    >>> [thing.name for thing in fit_scene(scene, 200, len).dropped]
    ['bee']

    Raises:
        CodeError: `budget`, the code does not fit even without any thing.
        SettingsError: `digits` is not 1 to 4, or `scale` neither 1 nor 1000.
    """
    whole = canonical(scene, digits=digits, scale=scale)
    order = _largest_first(whole, grid_steps(digits=digits, scale=scale))

    def fitted(kept: int) -> Fitted | None:
        part = _only(whole, set(order[:kept]))
        code = layout(part, scale=scale)
        if count_tokens(code) > most_tokens:
            return None
        things = (*whole.elements, *whole.groups)
        return Fitted(part, code, tuple(things[index] for index in order[kept:]))

    best = fitted(len(order))
    if best is not None:
        return best
    best = fitted(0)
    if best is None:
        raise CodeError("budget", f"the caption alone must have at most {most_tokens} tokens; it has more. Raise them.")
    fits, fails = 0, len(order)
    while fails - fits > 1:
        middle = (fits + fails) // 2
        found = fitted(middle)
        best, fits, fails = (found, middle, fails) if found is not None else (best, fits, middle)
    return best


def _largest_first(scene: Scene, steps: int) -> list[int]:
    """Indices of elements, then groups, by falling area; what is equally large stays in order."""
    boxes = [element.box for element in scene.elements] + [group.box for group in scene.groups]
    areas = [area(box_to_steps(box, steps)) for box in boxes]
    return sorted(range(len(areas)), key=lambda index: -areas[index])


def _only(scene: Scene, kept: set[int]) -> Scene:
    """The scene with these things alone, and the relations between them."""
    before = len(scene.elements)
    moved_to = {index: place for place, index in enumerate(sorted(kept))}
    return Scene(
        scene.caption,
        tuple(element for index, element in enumerate(scene.elements) if index in kept),
        tuple(group for index, group in enumerate(scene.groups, before) if index in kept),
        tuple(
            Relation(moved_to[relation.a], moved_to[relation.b], relation.caption)
            for relation in scene.relations
            if relation.a in kept and relation.b in kept
        ),
    )
