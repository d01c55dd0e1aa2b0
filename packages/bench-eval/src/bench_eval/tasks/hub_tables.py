"""Rows of the Parquet files that a task's data set has on the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.tables import read_parquet


def hub_rows(folder: DataFolder, pattern: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each row of the files that fit a pattern, behind words for errors that say where it is.

    Raises:
        FileError: a file can't be read.
    """
    for path in folder.find(pattern):
        for number, row in enumerate(read_parquet([path]), start=1):
            yield f"{path}, row {number}", row
