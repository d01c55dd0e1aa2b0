"""Reading files of JSON: one document, a list, or one object on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from bench_eval.errors import FileError
from bench_eval.text_files import read_lines

_FAULTS = (ValueError, RecursionError)
"""Not UTF-8, no JSON, a number of thousands of digits; nested beyond what Python reads."""


def read_json(path: Path) -> Any:
    """Return what a file holds, not looked at; a mark of UTF-8 at its begin is passed over.

    Raises:
        FileError: the file is missing, torn or not UTF-8.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, *_FAULTS) as error:
        raise FileError(f"{path} cannot be read: {error}. Repair the file, or get it again.") from error


def read_json_list(path: Path) -> list[Any]:
    """Return what the list of a file holds, not looked at.

    Raises:
        FileError: the file is missing, torn, not UTF-8 or holds no list.
    """
    document = read_json(path)
    if not isinstance(document, list):
        raise FileError(f"{path.name} must hold a list; got {type(document).__name__}.")
    return cast("list[Any]", document)


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file with one JSON object on each line; empty lines are passed over.

    Raises:
        FileError: the file is missing, or a line is no object.
    """
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            yield _object(line, f"{path}, line {number}")


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except _FAULTS as error:
        raise FileError(f"{where}: {error}. Repair the file, or get it again.") from error
    if not isinstance(value, dict):
        raise FileError(f"{where}: expected an object; got {type(value).__name__}.")
    return cast("dict[str, Any]", value)
