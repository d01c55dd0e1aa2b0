"""Rows of CSV and TSV files, with the file and the line in every error."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from bench_eval.errors import FileError
from bench_eval.text_files import read_lines

_LONGEST_CELL = 2**31 - 1
"""Pictures as base64 stand in cells of TSV files, which are longer than the csv module admits on its own."""


def read_csv(path: Path, *, delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV or TSV file by the names of its head.

    Raises:
        FileError: the file is missing, has no head, or a row has another number of cells.
    """
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.DictReader(read_lines(path), delimiter=delimiter)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise FileError(
                    f"{path}, line {reader.line_num}: a row must have {len(reader.fieldnames or [])} cells."
                )
            yield row
    except csv.Error as error:
        raise FileError(f"{path}, line {reader.line_num}: {error}.") from error
