"""Files of a published data set: annotations as JSON, images in folders."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from svco_loss.errors import PairFileError


class NoImage(NamedTuple):
    """Why an image of a row cannot be used."""

    reason: str
    """`missing` or `outside_root`."""
    detail: str
    """What is wrong, in one line."""


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file.

    Raises:
        PairFileError: it cannot be read, or is no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PairFileError(f"{os.fspath(path)!r} cannot be read as JSON: {error}") from error


def find_image(folder: Path, names: Iterable[str], *, image_root: Path | None = None) -> str | NoImage:
    """Return the path of the first of these names that is a file in the folder.

    Args:
        folder: that the file must really be in, symbolic links followed: names come from files that strangers wrote.
        names: relative to the folder.
        image_root: folder that the returned path is relative to; None: the path as joined.
    """
    tried = list(names)
    for name in tried:
        try:
            file = (folder / name).resolve()
            found, inside = file.is_file(), file.is_relative_to(folder.resolve())
        except (OSError, RuntimeError, ValueError):  # too long, a loop of links, NUL in the name
            continue
        if found:
            if not inside:
                return NoImage("outside_root", f"{name!r} leads outside {folder}")
            return _under_root(folder / name, image_root)
    return NoImage("missing", f"none of {tried} is in {folder}")


def _under_root(file: Path, root: Path | None) -> str | NoImage:
    if root is None:
        return file.as_posix()
    try:
        return file.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return NoImage("outside_root", f"{file} is not in image_root {root}")
