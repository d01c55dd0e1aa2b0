"""Rows of a LLaVA JSON file with its images where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llava_train.dialogue import Row
from llava_train.errors import RowError
from llava_train.llava_json import read_llava_json, write_llava_json


def images_folder(path: Path, images: Path | None = None) -> Path:
    """The folder that image paths of a file start from: the one that is given, else the file's own; absolute."""
    return (images or path.parent).absolute()


def read_rooted_rows(path: Path, images: Path | None = None) -> list[Row]:
    """Read LLaVA JSON as rows whose images can be opened from anywhere, to be mixed with others.

    Args:
        path: of the file.
        images: folder that its image paths start from; by default the file's own.

    Raises:
        RowError: the file is not such JSON, or rows of it cannot be read.
    """
    folder = images_folder(path, images)
    return [{**row, "images": [str(folder / image) for image in row["images"]]} for row in read_llava_json(path)]


def write_rooted_rows(rows: Iterable[Mapping[str, Any]], path: Path) -> Path:
    """Write LLaVA JSON that can be moved together with its images: their paths start from the file's own folder.

    Args:
        rows: with `messages`, and `images` as paths that can be opened from here.
        path: of the file; it is returned.

    Raises:
        RowError: an image lies outside that folder, or a row has no form in LLaVA JSON; it is named.
    """
    folder = images_folder(path)
    return write_llava_json(({**row, "images": [_inside(i, folder, row) for i in row["images"]]} for row in rows), path)


def _inside(image: str, folder: Path, row: Mapping[str, Any]) -> str:
    try:
        return Path(image).absolute().relative_to(folder).as_posix()
    except ValueError as cause:
        raise RowError("image_outside", f"row {str(row.get('id'))!r}: {image} must lie in {folder}.") from cause
