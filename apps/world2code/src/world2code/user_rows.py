"""The user's rows as they come: which column is the image, what passes through, and which bytes are left out."""

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from shard_runner import Row, read_table

from world2code.errors import InputError

PATH_COLUMNS = ("image_path", "path", "image", "frame", "binary")
"""Columns that may hold a path, the first that does wins (published names)."""

BYTE_COLUMNS = ("image", "frame", "binary")
"""Columns that may hold an encoded image (published names)."""

_OWN = frozenset({"id", "image_path", "scene"})
_ROWS_AT_A_TIME = 16


def read_user_rows(path: Path) -> Iterator[Row]:
    """Read rows of Parquet, JSON or JSONL; of Parquet, whose rows may hold whole images, a few at a time.

    Raises:
        InputError: the Parquet file cannot be read.
        shard_runner.TableError: the other file cannot be read.
    """
    if path.suffix.lower() != ".parquet":
        yield from read_table(path)
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS_AT_A_TIME):
                yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise InputError(f"{path.name} is not a whole Parquet file: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise InputError(f"{path.name} can't be read: {error.strerror or error}.") from error


def image_of(row: Row) -> tuple[str, bytes | str]:
    """The column that holds the image, with its bytes or its path; both empty where there is none."""
    for name in BYTE_COLUMNS:
        content = _bytes_of(row.get(name))
        if content is not None:
            return name, content
    for name in PATH_COLUMNS:
        value: Any = row.get(name)
        path = value.get("path") if isinstance(value, dict) else value
        if isinstance(path, str) and path:
            return name, path
    return "", ""


def id_of(row: Row, number: int) -> str:
    """The row's own id, else its path, else its number, which another row before it changes."""
    for name in ("id", "image_path", "path", "image"):
        value = row.get(name)
        if isinstance(value, (str, int)) and str(value).strip():
            return str(value)
    return f"row-{number}"


def passed_of(row: Row, used: str) -> tuple[dict[str, Any], list[str]]:
    """The columns that pass through, and the names of those that do not because they hold bytes: nothing is unpickled.

    Dates and decimals become text, as they are written in ISO 8601 and in digits.

    >>> passed_of({"id": 7, "image": b"...", "made": date(2026, 1, 2), "dino_box": b"pickle"}, "image")
    ({'made': '2026-01-02'}, ['dino_box'])
    """
    passed: dict[str, Any] = {}
    left_out: list[str] = []
    if used in BYTE_COLUMNS and isinstance(row.get("image_path"), str):
        passed["source_image_path"] = row["image_path"]  # the image's own path is that of its stored copy
    for name, value in row.items():
        if name in _OWN or name == used:
            continue
        if _holds_bytes(value):
            left_out.append(name)
        else:
            passed[name] = _plain(value)
    return passed, left_out


def scene_of(row: Row) -> str:
    """The true scene as JSON text; empty where there is none."""
    scene = row.get("scene") or ""
    if _holds_bytes(scene):
        return "bytes"  # no scene, which its row will be told
    return scene if isinstance(scene, str) else json.dumps(_plain(scene), sort_keys=True)


def _bytes_of(value: Any) -> bytes | None:
    """Bytes, or those of an image as Hugging Face stores one: `{"bytes": ..., "path": ...}`."""
    content = value.get("bytes") if isinstance(value, dict) else value
    return bytes(content) if isinstance(content, (bytes, bytearray)) else None


def _holds_bytes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_bytes, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_bytes, value))
    return isinstance(value, (bytes, bytearray))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, (Decimal, timedelta, UUID)) else value
