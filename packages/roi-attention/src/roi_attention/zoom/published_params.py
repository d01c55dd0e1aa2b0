"""Chain-of-Spot's published annotation file: squares by the place of a question in the mix."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from box_space import Box

from roi_attention.errors import ZoomError
from roi_attention.zoom.annotations import Annotation, annotations_by_key
from roi_attention.zoom.mix_rows import ZoomQuestion
from roi_attention.zoom.squares import Square, box_to_square, square_to_box

_ONE_PIXEL = 1 + 1e-6


@dataclass(frozen=True)
class WrittenParams:
    """What went into a file of squares."""

    written: int
    missed: tuple[str, ...]
    """Keys of questions without a box; a reader of the published code takes the whole image for them."""
    inexact: tuple[str, ...]
    """Keys whose box comes back another by more than a pixel: it is no square, so the square around it was written."""


@dataclass(frozen=True)
class ReadParams:
    """What a file of squares says about a mix."""

    boxes: Mapping[str, Box]
    """By key of the question."""
    missed: tuple[str, ...]
    """Keys of questions that the file does not have."""
    refused: Mapping[str, str]
    """Why an entry of the file cannot be used, by key of the question."""
    unused: tuple[str, ...]
    """Names in the file that are no question of the mix: another mix, or another order."""


def params_name(question: ZoomQuestion) -> str:
    """The published name of a question: place of its row, id with `_` for `/`, place in the conversation.

    >>> params_name(ZoomQuestion("mix/a/7/0", "mix", "a/7", "a.png", "How many?", "Two", turn=1, index=42))
    '000042_a_7_q1'
    """
    return f"{question.index:06d}_{question.id.replace('/', '_')}_q{question.turn}"


def write_params(
    questions: Iterable[ZoomQuestion], annotations: Iterable[Annotation], path: str | os.PathLike[str]
) -> WrittenParams:
    """Write the boxes of a mix's questions in the published form, whole or not at all.

    Args:
        questions: of the mix, in any order.
        annotations: of these and any other questions.
        path: of the JSON file.

    Raises:
        ZoomError: `duplicate` when two annotations have one key, or two questions one published name.

    Source: the file of Chain-of-Spot's authors, `{name: {"params": [top, left, side]}}`.
    """
    by_key = annotations_by_key(annotations)
    entries: dict[str, Any] = {}
    missed: list[str] = []
    inexact: list[str] = []
    for question in questions:
        annotation, name = by_key.get(question.key), params_name(question)
        if annotation is None:
            missed.append(question.key)
            continue
        if name in entries:
            raise ZoomError("duplicate", f"two questions have the name {name!r}; give each row its own place.")
        square = box_to_square(annotation.box)
        entries[name] = {"params": list(square)}
        inexact += [question.key] if _differs(annotation.box, square) else []
    _write_json(entries, Path(path))
    return WrittenParams(len(entries), tuple(missed), tuple(inexact))


def read_params(
    questions: Iterable[ZoomQuestion],
    path: str | os.PathLike[str],
    size_of: Callable[[ZoomQuestion], tuple[int, int]],
) -> ReadParams:
    """Read the published form for the questions of the very mix, in its very order, that it was written for.

    Args:
        questions: of the mix.
        path: of the JSON file.
        size_of: width and height of a question's image.

    Raises:
        ZoomError: `not_json`, or `duplicate` when a name stands twice in the file.
    """
    entries = read_params_entries(path)
    boxes: dict[str, Box] = {}
    refused: dict[str, str] = {}
    missed: list[str] = []
    unused = dict.fromkeys(entries)
    for question in questions:
        name = params_name(question)
        unused.pop(name, None)
        if name not in entries:
            missed.append(question.key)
            continue
        try:
            boxes[question.key] = params_to_box(entries[name], size_of(question))
        except ZoomError as error:
            refused[question.key] = str(error)
    return ReadParams(boxes, tuple(missed), refused, tuple(unused))


def read_params_entries(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The entries of a published file by their names, unread: for one question at a time.

    Raises:
        ZoomError: `not_json`, or `duplicate` when a name stands twice in the file.
    """
    path = Path(path)
    try:
        entries = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise ZoomError("not_json", f"{path.name}, line {error.lineno}: {error.msg}.") from error
    if not isinstance(entries, dict):
        raise ZoomError("not_json", f"{path.name} must hold one object; got {type(entries).__name__}.")
    return entries


def params_to_box(entry: Any, size_wh: tuple[int, int]) -> Box:
    """The box of one published entry, for an image of this size.

    Raises:
        ZoomError: `square` when the entry is no square of the image.

    >>> params_to_box({"params": [10, 20, 40]}, (120, 80)).xyxy
    (20.0, 10.0, 60.0, 50.0)
    """
    numbers = entry.get("params") if isinstance(entry, Mapping) else None
    if isinstance(numbers, list) and len(numbers) == 3 and all(type(number) in (int, float) for number in numbers):
        return square_to_box(Square(*numbers), size_wh)
    raise ZoomError("square", f"params must be three numbers, top, left and side; got {str(entry)[:80]}.")


def _differs(box: Box, square: Square) -> bool:
    """Whether the square, read back, is another box by more than a pixel."""
    original = box.space.original
    pixels, back = box.to(original).clipped(), square_to_box(square, (original.width, original.height))
    return any(abs(a - b) > _ONE_PIXEL for a, b in zip(pixels.xyxy, back.xyxy, strict=True))


def _write_json(entries: Mapping[str, Any], path: Path) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(entries), encoding="utf-8")
    partial.replace(path)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ZoomError("duplicate", f"a name stands twice in one object, as among {[name for name, _ in pairs][:5]}.")
    return entries
