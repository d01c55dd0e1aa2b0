"""Reading files of text line by line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench_eval.errors import FileError


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines with their ends as they are; a mark of UTF-8 at the begin of the file is passed over.

    Raises:
        FileError: the file is missing or not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read: {error}. Repair the file, or get it again.") from error
