"""Rows on their way to another trainer's file: read, images as paths, errors that name the row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from llava_train.dialogue import Dialogue, read_dialogue
from llava_train.errors import RowError
from llava_train.exported_images import ExportedImages


class ExportedRow(NamedTuple):
    """One row, ready to be put into a form."""

    id: str
    """Its own, or its position."""
    dialogue: Dialogue
    """Checked."""
    paths: list[str]
    """One for each image, in order."""
    image_root: Path
    """Where relative paths start."""


def export_rows(
    rows: Iterable[Mapping[str, Any]],
    path: Path,
    image_root: str | os.PathLike[str] | None,
    convert: Callable[[ExportedRow], dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    """Yield each row in the form that `convert` gives it; PIL images are saved beside `path` or under `image_root`.

    Raises:
        RowError: a row cannot be written; it is named.
    """
    images = ExportedImages(path.parent if image_root is None else Path(image_root), f"{path.stem}_images")
    for number, row in enumerate(rows):
        row_id = str(row.get("id", number))
        try:
            dialogue = read_dialogue(row)
            yield convert(ExportedRow(row_id, dialogue, images.paths_of(dialogue.images, number), images.root))
        except RowError as error:
            raise RowError(error.reason, f"row {row_id!r}: {error.detail}") from error
