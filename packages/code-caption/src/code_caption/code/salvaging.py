"""What can be kept of code that is cut off or has bad parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from code_caption.code.calls import read_element, read_group, read_relation
from code_caption.code.literals import read_text
from code_caption.code.parsing import MOST_CHARACTERS, code_to_scene, expression_of
from code_caption.code.pieces import Piece, cut_into_pieces
from code_caption.errors import CodeError
from code_caption.scene import Element, Group, Relation, Scene

ThingT = TypeVar("ThingT", Element, Group)


@dataclass(frozen=True)
class Salvage:
    """The part of a code caption that holds."""

    scene: Scene
    """What was kept, in the order of the code."""
    is_whole: bool
    """Whether the code is a code caption as it stands, so that nothing was lost."""
    lost: dict[str, int]
    """How many pieces were lost for each reason; those of `code_to_scene`."""
    reason: str = ""
    """Why the code as a whole was refused; empty: it was not."""


def salvage_code(text: str, *, scale: int = 1) -> Salvage:
    r"""Keep the caption and every element, group and relation that is complete and valid.

    A relation is kept, with new indices, only if both of its things are and it is certain which ones it means: from an
    element or group without a clear end on, no index is trusted. Text around the class is passed over. Like
    `code_to_scene` it reads by `ast` alone.

    >>> head = "class Scene:\n    def __init__(self):\n        self.elements = [\n"
    >>> salvage_code(head + "Element(name='bee', box=[0.1, 0.1, 0.3, 0.2]), Element(name='po").lost
    {'truncated': 1}

    Raises:
        CodeError: nothing can be kept; the reason is that of `code_to_scene`.
        SettingsError: `scale` is neither 1 nor 1000.
    """
    try:
        return Salvage(code_to_scene(text, scale=scale), True, {})
    except CodeError as error:
        refusal = error
    lost: Counter[str] = Counter()
    if len(text) > MOST_CHARACTERS:
        lost["too_long"] += 1
    scene = _kept_scene(list(cut_into_pieces(_class_part(text[:MOST_CHARACTERS]))), scale, lost)
    if scene == Scene():
        raise refusal
    return Salvage(scene, False, dict(sorted(lost.items())), refusal.reason)


def _class_part(text: str) -> str:
    """From the class to the end of the Markdown fence around it, or all if there is no class."""
    code = text.replace("\r\n", "\n").replace("\r", "\n")
    return code[max(code.find("class Scene"), 0) :].partition("\n```")[0]


def _kept_scene(pieces: list[Piece], scale: int, lost: Counter[str]) -> Scene:
    """Read each piece by itself, then the relations between what was kept."""
    parts = {field: [each for each in pieces if each.field == field] for field in ("", "caption", "elements", "groups")}
    lost.update(piece.reason for piece in parts[""])
    elements = _read_things(parts["elements"], lambda source: read_element(expression_of(source), scale), lost)
    groups = _read_things(parts["groups"], lambda source: read_group(expression_of(source), scale), lost)
    moved = {index: place for index, place in enumerate(elements.places) if place is not None}
    for index, place in enumerate(groups.places, len(elements.places)):
        if place is not None and not elements.is_unsure:
            moved[index] = len(elements.kept) + place
    relations = [each for each in pieces if each.field == "relations"]
    return Scene(
        _read_caption(parts["caption"], lost),
        tuple(elements.kept),
        tuple(groups.kept),
        tuple(_read_relations(relations, moved, lost)),
    )


@dataclass(frozen=True)
class _Things(Generic[ThingT]):
    """What was kept of one list."""

    kept: list[ThingT]
    places: list[int | None]
    """For each index in the code: the index in `kept`, None where it was lost or is not certain."""
    is_unsure: bool
    """Whether the number of things in the code is not certain."""


def _read_things(pieces: list[Piece], read: Callable[[str], ThingT], lost: Counter[str]) -> _Things[ThingT]:
    """Read the items of one list; after an item without a clear end, indices are not certain."""
    kept: list[ThingT] = []
    places: list[int | None] = []
    is_unsure = False
    for piece in pieces:
        is_unsure = is_unsure or bool(piece.reason)
        try:
            kept.append(read(_source(piece)))
            places.append(None if is_unsure else len(kept) - 1)
        except CodeError as error:
            lost[error.reason] += 1
            places.append(None)
    return _Things(kept, places, is_unsure)


def _read_relations(pieces: list[Piece], moved: dict[int, int], lost: Counter[str]) -> list[Relation]:
    """The relations between things that were kept, with the indices that these have now."""
    kept: list[Relation] = []
    for piece in pieces:
        try:
            relation = read_relation(expression_of(_source(piece)))
        except CodeError as error:
            lost[error.reason] += 1
            continue
        if relation.a == relation.b or relation.a not in moved or relation.b not in moved:
            lost["relation"] += 1
        else:
            kept.append(Relation(moved[relation.a], moved[relation.b], relation.caption))
    return kept


def _read_caption(pieces: list[Piece], lost: Counter[str]) -> str:
    """The caption, or nothing if it was lost."""
    for piece in pieces:
        try:
            return read_text(expression_of(_source(piece)), "caption")
        except CodeError as error:
            lost[error.reason] += 1
    return ""


def _source(piece: Piece) -> str:
    """The code of a piece.

    Raises:
        CodeError: it is damaged.
    """
    if piece.reason:
        raise CodeError(piece.reason, f"an item of {piece.field} must have a clear end; got none.")
    return piece.source
