"""Rows of the Parquet files that a task's data set has on the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from shard_runner import TableError, iter_table

from bench_eval.errors import FileError
from bench_eval.tasks.data_folder import DataFolder


def hub_rows(folder: DataFolder, *patterns: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each row of the files that fit the first pattern that any fits, behind words that say where it is.

    A repository of several data sets is downloaded whole, so the pattern that names a folder goes before the one that
    names none.

    Raises:
        FileError: a file can't be read.
    """
    for path in _files(folder, patterns):
        try:
            for number, row in enumerate(iter_table(path), start=1):
                yield f"{path}, row {number}", row
        except TableError as error:
            raise FileError(f"{error}. Download it again.") from error


def hub_stands_in(folder: DataFolder, official: Iterable[str], *patterns: str) -> bool:
    """Whether to read the hub's files: there are some, and none of the official ones."""
    return not any((folder.root / name).exists() for name in official) and bool(_files(folder, patterns))


def _files(folder: DataFolder, patterns: Sequence[str]) -> list[Path]:
    return next((found for pattern in patterns if (found := folder.find(pattern))), [])


def official_file(folder: DataFolder, names: Iterable[str], *patterns: str) -> Path:
    """Return the path of the first official file that exists.

    Raises:
        FileError: none does; the text names the hub's files too.
    """
    return folder.file(*names, *patterns)
