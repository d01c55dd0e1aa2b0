"""The region of one question with where it came from, and its plain row for a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from box_space import Box, BoxError, OriginalPixels

from roi_attention.errors import ZoomError
from roi_attention.zoom.question_keys import question_key


@dataclass(frozen=True)
class Annotation:
    """Which region of an image a question is about.

    >>> box = Box(10, 20, 110, 120, OriginalPixels(640, 480))
    >>> found = Annotation.of("vqa", "17", "What is it?", box, mass=0.5, target="a duck", method="relevance")
    >>> row_to_annotation(annotation_to_row(found)) == found
    True

    Raises:
        ZoomError: `key` that is not the question's, `box` outside its image, `share` out of 0 to 1.
    """

    key: str
    """`question_key` of the next three."""
    dataset: str
    id: str
    """Of the row in its data set."""
    question: str
    box: Box
    """In pixels of the original, inside it."""
    mass: float | None = None
    """Share of the relevance inside the box; None where it was not made from a map."""
    first_order_share: float | None = None
    """As `RelevanceMap` has it."""
    target: str = ""
    """The text whose probability was explained."""
    model: str = ""
    """Which weights made the map."""
    method: str = ""
    """How the box was made."""

    def __post_init__(self) -> None:
        if self.key != (expected := question_key(self.dataset, self.id, self.question)):
            raise ZoomError("key", f"the key of this question is {expected!r}; got {self.key!r}.")
        if self.box.space != self.box.space.original or self.box != self.box.clipped() or self.box.area == 0:
            raise ZoomError("box", f"a box must be in pixels of the original, inside it and not empty; got {self.box}.")
        for name in ("mass", "first_order_share"):
            share = getattr(self, name)
            if share is not None and not 0 <= share <= 1 + 1e-6:
                raise ZoomError("share", f"{name} must be from 0 to 1 or None; got {share!r}.")

    @classmethod
    def of(cls, dataset: str, id: str, question: str, box: Box, **more: Any) -> Annotation:
        """An annotation with the key of its question; `more` are the other fields."""
        return cls(question_key(dataset, id, question), dataset, id, question, box, **more)


def annotations_by_key(annotations: Iterable[Annotation]) -> dict[str, Annotation]:
    """The annotations by their keys.

    Raises:
        ZoomError: `duplicate` when two have one key.
    """
    by_key: dict[str, Annotation] = {}
    for annotation in annotations:
        if annotation.key in by_key:
            raise ZoomError("duplicate", f"each question has one annotation; {annotation.key!r} has two.")
        by_key[annotation.key] = annotation
    return by_key


def annotation_to_row(annotation: Annotation) -> dict[str, Any]:
    """A row of plain values: the box as `box_xyxy_px` with `size_wh`, the other fields as they are."""
    original = annotation.box.space.original
    return {
        "key": annotation.key,
        "dataset": annotation.dataset,
        "id": annotation.id,
        "question": annotation.question,
        "box_xyxy_px": list(annotation.box.xyxy),
        "size_wh": [original.width, original.height],
        "mass": annotation.mass,
        "first_order_share": annotation.first_order_share,
        "target": annotation.target,
        "model": annotation.model,
        "method": annotation.method,
    }


def row_to_annotation(row: Mapping[str, Any]) -> Annotation:
    """The annotation of a plain row; further columns are passed over.

    Raises:
        ZoomError: `missing_field`, `box`, `key` or `share`.
    """
    needed = ("key", "dataset", "id", "question", "box_xyxy_px", "size_wh")
    absent = [name for name in needed if name not in row]
    if absent:
        raise ZoomError("missing_field", f"an annotation must have {', '.join(needed)}; {', '.join(absent)} missing.")
    optional = ("mass", "first_order_share", "target", "model", "method")
    more = {name: row[name] for name in optional if name in row}
    box = _read_box(row["box_xyxy_px"], row["size_wh"])
    return Annotation(row["key"], row["dataset"], row["id"], row["question"], box, **more)


def _read_box(xyxy_px: Any, size_wh: Any) -> Box:
    try:
        (x0, y0, x1, y1), (width, height) = xyxy_px, size_wh
        return Box(x0, y0, x1, y1, OriginalPixels(width, height))
    except (BoxError, TypeError, ValueError) as error:
        got = f"{str(xyxy_px)[:60]} and {str(size_wh)[:30]}"
        raise ZoomError("box", f"box_xyxy_px must be four numbers and size_wh two; got {got}: {error}") from error
