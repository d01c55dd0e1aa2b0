"""Rows of the official files: JSON, JSON lines, CSV, TSV and Parquet, with the file and the line in every error."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from bench_eval.errors import FileError, RowError

_LONGEST_CELL = 2**31 - 1
"""Pictures as base64 stand in cells of TSV files, which are longer than the csv module admits on its own."""


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        FileError: it is missing or torn.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FileError(f"{path} can't be read as JSON: {error}. Download it again.") from error


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file with one JSON object on each line; empty lines are passed over.

    Raises:
        FileError: the file is missing, or a line is no object.
    """
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            yield _object(line, f"{path}, line {number}")


def read_csv(path: Path, *, delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV or TSV file by the names of its head.

    Raises:
        FileError: the file is missing, has no head, or a row has another number of cells.
    """
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.DictReader(_lines(path), delimiter=delimiter)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise FileError(
                    f"{path}, line {reader.line_num}: a row must have {len(reader.fieldnames or [])} cells."
                )
            yield row
    except csv.Error as error:
        raise FileError(f"{path}, line {reader.line_num}: {error}.") from error


def read_parquet(paths: Sequence[Path], columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of Parquet files, a batch at a time in memory.

    Raises:
        FileError: a file can't be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in paths:
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=64, columns=list(columns) if columns else None):
                    yield from batch.to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise FileError(f"{path} can't be read as Parquet: {error}. Download it again.") from error


def need(row: Mapping[str, Any], name: str, where: str) -> Any:
    """Return a field of a row.

    Raises:
        RowError: it is missing or None.
    """
    value = row.get(name)
    if value is None:
        raise RowError(f"{where}: {name} is missing; there are {', '.join(map(str, row))}.")
    return value


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} can't be read: {error}.") from error


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise FileError(f"{where}: {error}. Download the file again.") from error
    if not isinstance(value, dict):
        raise FileError(f"{where}: expected an object; got {type(value).__name__}.")
    return cast("dict[str, Any]", value)
