"""Entries of a JSON list, each with words for errors that say where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from bench_eval.errors import FileError
from bench_eval.tasks.tables import read_json


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


def need_texts(entry: Mapping[str, Any], name: str, where: str) -> list[str]:
    """Return a field that is a list of texts, or of objects with a text `answer`, as VQA files have them.

    Raises:
        FileError: it is missing, empty, or anything else.
    """
    value = entry.get(name)
    items = cast("list[Any]", value) if isinstance(value, list) else []
    texts = [cast("Mapping[str, Any]", item).get("answer") if isinstance(item, Mapping) else item for item in items]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise FileError(f"{where}: {name} must be a list of texts; got {str(value)[:60]}. Download the file again.")
    return cast("list[str]", texts)
