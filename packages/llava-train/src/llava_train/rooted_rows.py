"""Rows of a LLaVA JSON file with its images where they lie."""

from __future__ import annotations

from pathlib import Path

from llava_train.dialogue import Row
from llava_train.llava_json import read_llava_json


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
