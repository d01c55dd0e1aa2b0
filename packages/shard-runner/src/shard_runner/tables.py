"""Reading rows from the files that people have: Parquet, JSON lists and JSON lines."""

import json
from pathlib import Path
from typing import Any, cast

from shard_runner.errors import TableError
from shard_runner.plain import Row


def read_table(path: str | Path) -> list[Row]:
    """Return the rows of a `.parquet` file, a `.json` list of objects, or a `.jsonl` file of one object a line.

    Raises:
        TableError: when the file is missing, truncated or of another form; the message says where.
    """
    path = Path(path)
    readers = {".parquet": _read_parquet, ".json": _read_json, ".jsonl": _read_json_lines}
    if path.suffix.lower() not in readers:
        raise TableError(f"{path} must end in {', '.join(readers)}")
    try:
        return _checked(readers[path.suffix.lower()](path), path)
    except OSError as error:
        raise TableError(f"{path} can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not UTF-8 text (byte {error.start})") from error


def _checked(rows: Any, path: Path) -> list[Row]:
    if not isinstance(rows, list):
        raise TableError(f"{path} must hold a list of objects; got {type(rows).__name__}")
    for number, row in enumerate(cast("list[Any]", rows)):
        if not isinstance(row, dict):
            raise TableError(f"{path} must hold a list of objects; item {number} is {type(row).__name__}")
    return cast("list[Row]", rows)


def _read_parquet(path: Path) -> Any:
    import pyarrow as pa

    from shard_runner.folder import read_parquet

    try:
        return read_parquet(path)
    except pa.ArrowInvalid as error:
        raise TableError(f"{path} is not a whole Parquet file: {error}") from error


def _read_json(path: Path) -> Any:
    text = path.read_text(encoding="utf-8-sig")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise TableError(_fault(path, error, error.lineno, ends=not text[error.pos :].strip())) from error


def _read_json_lines(path: Path) -> Any:
    rows: list[Any] = []
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip():
                rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            last = not any(text.strip() for text in lines[number:])
            raise TableError(_fault(path, error, number, ends=last)) from error
    return rows


def _fault(path: Path, error: json.JSONDecodeError, line: int, *, ends: bool) -> str:
    if ends or error.msg.startswith("Unterminated"):
        return f"{path} is truncated: it ends inside a value (line {line}, column {error.colno}); get a whole copy"
    return f"{path} is not valid JSON: {error.msg} (line {line}, column {error.colno})"
