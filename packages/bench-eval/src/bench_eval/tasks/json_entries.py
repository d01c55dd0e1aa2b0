"""Entries of JSON lists and JSON lines, each with words for errors that say where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from bench_eval.errors import FileError
from bench_eval.json_files import read_json, read_json_lines


def json_entries(path: Path, field: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a file that is a list, or whose field is one, behind words for errors.

    Raises:
        FileError: the file is missing or torn, holds no such list, or an entry is no object.
    """
    document = read_json(path)
    inside = cast("Mapping[str, Any]", document) if isinstance(document, Mapping) else {}
    entries = inside.get(field) if field else document
    if not isinstance(entries, list):
        wanted = f"an object with a list {field!r}" if field else "a list"
        raise FileError(f"{path} must hold {wanted}; got {type(document).__name__}.")
    for number, entry in enumerate(cast("list[Any]", entries), start=1):
        where = f"{path}, {field or 'entry'} {number}"
        if not isinstance(entry, dict):
            raise FileError(f"{where}: expected an object; got {type(entry).__name__}.")
        yield where, cast("dict[str, Any]", entry)


def line_entries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a file with one on each line, behind words for errors; empty lines are not counted.

    Raises:
        FileError: the file is missing, or a line is no object.
    """
    for number, entry in enumerate(read_json_lines(path), start=1):
        yield f"{path}, row {number}", entry


def named_entries(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the objects of a file that is an object of objects: words for errors, its name, the object.

    Raises:
        FileError: the file is missing or torn, or is no object of objects.
    """
    document = read_json(path)
    if not isinstance(document, dict):
        raise FileError(f"{path} must hold an object with an entry for each id; got {type(document).__name__}.")
    for name, entry in cast("dict[str, Any]", document).items():
        where = f"{path}, entry {name}"
        if not isinstance(entry, dict):
            raise FileError(f"{where}: expected an object; got {type(entry).__name__}.")
        yield where, name, cast("dict[str, Any]", entry)
