"""Labelled sets as folders: one for each class, perhaps within one for each split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from selfsynthx.datasets.splits import LabelledRow
from selfsynthx.errors import InputError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""Of files that are taken for images in a folder."""

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""What splits are called in files and folders, in small letters."""


def folder_rows(folder: Path) -> Iterator[LabelledRow]:
    """Rows of a folder with one folder for each class, or of its split folders; ids are the paths.

    Raises:
        InputError: there are split folders and others beside them, or no image.
    """
    inside = subfolders(folder)
    splits = [one for one in inside if one.name.lower() in SPLIT_NAMES]
    if splits and len(splits) < len(inside):
        others = ", ".join(one.name for one in inside if one not in splits)
        raise InputError(f"{folder.name} must hold split folders or class folders, not both; beside splits: {others}.")
    found = [(one, SPLIT_NAMES[one.name.lower()]) for one in splits] or [(folder, "")]
    rows = [row for one, split in found for row in class_rows(one, root=folder, split=split)]
    if not rows:
        raise InputError(f"{folder.name} must hold a folder of images for each class; there is no image in any.")
    yield from rows


def class_rows(folder: Path, *, root: Path, split: str) -> Iterator[LabelledRow]:
    """Rows of one folder of class folders, in the order of their paths; the class folder's name is the label."""
    for one in subfolders(folder):
        for path in image_files(one):
            image = path.relative_to(root).as_posix()
            yield LabelledRow(id=image, image=image, label=one.name.replace("_", " "), split=split)


def subfolders(folder: Path) -> list[Path]:
    """Folders within a folder, sorted, without hidden ones and what archives leave behind."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__")))


def image_files(folder: Path) -> list[Path]:
    """Image files within a folder and all below it, sorted."""
    return sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )
