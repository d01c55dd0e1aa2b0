"""The scene record: what a checked caption holds, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from code_caption.corners import around
from code_caption.errors import SceneError

BoxFractions = tuple[float, float, float, float]
"""`(x0, y0, x1, y1)` as shares of width and height, 0 to 1, x0 < x1 and y0 < y1."""


@dataclass(frozen=True)
class Element:
    """One thing in the image.

    >>> Element("duck", (0.25, 0.5, 0.75, 1.0), attributes=("red",)).name
    'duck'

    Raises:
        SceneError: `name` is empty, or the box is no box of fractions.
    """

    name: str
    """What it is, a noun."""
    box: BoxFractions
    """Where it is."""
    caption: str = ""
    """A sentence about it; empty: there is none."""
    attributes: tuple[str, ...] = ()
    """Words that were confirmed of it, such as its colour."""
    text: str = ""
    """What is written on it; empty: nothing was read."""

    def __post_init__(self) -> None:
        require_name(self.name)
        require_box(self.box)


@dataclass(frozen=True)
class Group:
    """Several things of one kind that stand together.

    Raises:
        SceneError: `name` is empty, there is no member, or a box is no box of fractions.
    """

    name: str
    """What each of them is."""
    members: tuple[BoxFractions, ...]
    """The box of each."""

    def __post_init__(self) -> None:
        require_name(self.name)
        if not self.members:
            raise SceneError("empty_group", f"group {self.name!r} must have members; got none.")
        for member in self.members:
            require_box(member)

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.members)

    @property
    def box(self) -> BoxFractions:
        """The smallest box around all members."""
        return around(self.members)


@dataclass(frozen=True)
class Relation:
    """What two things of a scene have to do with each other."""

    a: int
    """Index into the scene's elements followed by its groups."""
    b: int
    """The other one."""
    caption: str
    """A sentence about both."""


@dataclass(frozen=True)
class Scene:
    """All that is known of one image.

    Raises:
        SceneError: a relation names a thing that is not there, itself twice, or says nothing.
    """

    caption: str = ""
    """About the whole image; empty: there is none."""
    elements: tuple[Element, ...] = ()
    groups: tuple[Group, ...] = ()
    """Things that stand together; they are in no element."""
    relations: tuple[Relation, ...] = ()

    def __post_init__(self) -> None:
        things = len(self.elements) + len(self.groups)
        for relation in self.relations:
            if not (0 <= relation.a < things and 0 <= relation.b < things) or relation.a == relation.b:
                expected = f"two different indices below {things} (elements, then groups)"
                raise SceneError("relation", f"a relation must hold {expected}; got {relation.a} and {relation.b}.")
            if not relation.caption:
                raise SceneError("relation", f"relation {relation.a} to {relation.b} must have a caption; got none.")

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each name, elements and members of groups together, in order of names."""
        names = [element.name for element in self.elements]
        names += [group.name for group in self.groups for _ in group.members]
        return {name: names.count(name) for name in sorted(set(names))}


def require_name(name: str) -> None:
    """Make sure that a thing has a name.

    Raises:
        SceneError: it is empty.
    """
    if not name or not name.strip():
        raise SceneError("no_name", f"a name must hold a word; got {name!r}.")


def require_box(box: BoxFractions) -> None:
    """Make sure that four numbers are a box of fractions.

    Raises:
        SceneError: they are not.
    """
    if len(box) != 4 or not all(isfinite(value) for value in box):
        raise SceneError("box", f"a box must be four finite numbers; got {box!r}.")
    x0, y0, x1, y1 = box
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise SceneError("box", f"a box must satisfy 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1; got {box!r}.")
