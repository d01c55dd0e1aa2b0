"""Phrases that mean exactly one thing of a scene, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from code_caption.rows.row_wording import AttributeKind, RowWording
from code_caption.scene import Element, Scene

Ambiguity = Literal["same_name", "same_phrase", "unknown_attributes"]
"""`same_name`: something else can be called so, and no attribute helps; `same_phrase`: it has these attributes too;
`unknown_attributes`: nothing confirmed says that it lacks them."""


@dataclass(frozen=True)
class Reference:
    """A phrase for one thing, or why none is safe."""

    phrase: str = ""
    """Without an article."""
    reason: Ambiguity | None = None
    """None: the phrase means one thing only."""


def refer_to_element(
    scene: Scene, index: int, wording: RowWording | None = None, *, without: Sequence[str] = ()
) -> Reference:
    """The phrase for an element: its name if nothing else can be called so, else its attributes and its name.

    "chair" means an office chair too. Attributes tell two things apart only if both have words of one kind and share
    none: a red duck beside a duck of unknown colour stays unnamed, as that one may be red.

    Args:
        scene: all things that the phrase could mean.
        index: of the element.
        wording: its kinds of attributes and its nouns.
        without: attributes that must not be used, such as the one that is asked for.

    >>> ducks = Scene(elements=(
    ...     Element("duck", (0.1, 0.1, 0.3, 0.3), attributes=("red",)),
    ...     Element("duck", (0.6, 0.1, 0.9, 0.3), attributes=("blue",)),
    ... ))
    >>> refer_to_element(ducks, 1).phrase, refer_to_element(ducks, 1, without=("blue",)).reason
    ('blue duck', 'same_name')
    """
    wording = wording or RowWording()
    element = scene.elements[index]
    others = [other for place, other in enumerate(scene.elements) if place != index]
    rivals = [other.attributes for other in others if wording.nouns.includes(element.name, other.name)]
    rivals += [() for group in scene.groups if wording.nouns.includes(element.name, group.name)]
    if not rivals:
        return Reference(element.name)
    words = [each for each in element.attributes if each not in without]
    if not words:
        return Reference(reason="same_name")
    if any(_has_all(rival, words) for rival in rivals):
        return Reference(reason="same_phrase")
    if not all(_is_told_apart(words, rival, wording.attribute_kinds) for rival in rivals):
        return Reference(reason="unknown_attributes")
    return Reference(described(element.name, words))


def refer_to_group(scene: Scene, index: int, wording: RowWording | None = None) -> Reference:
    """The phrase for a group, such as "three chairs", if nothing else in the scene can be called so."""
    wording = wording or RowWording()
    group = scene.groups[index]
    others = [element.name for element in scene.elements]
    others += [other.name for place, other in enumerate(scene.groups) if place != index]
    if any(wording.nouns.includes(group.name, other) for other in others):
        return Reference(reason="same_name")
    return Reference(wording.several(group.name, group.count))


def described(name: str, attributes: Sequence[str]) -> str:
    """The attributes before the name, each word once.

    >>> described("red duck", ["small", "Red"])
    'small red duck'
    """
    said = set(name.casefold().split())
    words = [each for each in dict.fromkeys(attributes) if each.casefold() not in said]
    return " ".join([*words, name])


def element_phrase(element: Element) -> str:
    """All that is confirmed of an element, as a phrase, whether or not something else is called so."""
    return described(element.name, element.attributes)


def _has_all(rival: Sequence[str], words: Sequence[str]) -> bool:
    return _folded(words) <= _folded(rival)


def _is_told_apart(words: Sequence[str], rival: Sequence[str], kinds: Sequence[AttributeKind]) -> bool:
    for kind in kinds:
        ours, theirs = set(kind.of(words).values()), set(kind.of(rival).values())
        if ours and theirs and not ours & theirs:
            return True
    return False


def _folded(words: Sequence[str]) -> set[str]:
    return {word.casefold() for word in words}
