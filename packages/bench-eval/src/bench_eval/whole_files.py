"""Files that are there whole or not at all, also where a kill or another worker comes in between."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


def write_text_whole(path: Path, text: str) -> Path:
    """Write a text file that ends with a newline, and return its path; missing folders are made."""
    return write_bytes_whole(path, (text if text.endswith("\n") else text + "\n").encode())


def write_bytes_whole(path: Path, data: bytes) -> Path:
    """Write a file and return its path; missing folders are made."""
    with partial_file(path) as partial:
        partial.write_bytes(data)
    return path


@contextmanager
def partial_file(path: Path) -> Generator[Path]:
    """Give a path beside the file, with its ending and nobody else's, that takes its place unless there is an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}-{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
