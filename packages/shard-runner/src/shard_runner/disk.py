"""Files that are either whole or not there, whatever moment the process dies at."""

import json
import os
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shard_runner.errors import LedgerError
from shard_runner.plain import to_json


def sync_folder(folder: Path) -> None:
    """Make the folder's own entries (new names, renames) survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place by one rename."""
    temporary = path.with_name(f".{path.name}.tmp")
    write(temporary)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a plain mapping as indented JSON, whole or not at all."""
    text = json.dumps(json.loads(to_json(value)), indent=2, ensure_ascii=True) + "\n"
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="ascii"))


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a JSON file's mapping, or None where there is no file.

    Raises:
        LedgerError: the file is damaged.
    """
    try:
        with _damage_named(path):
            return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def write_table(path: Path, table: pa.Table, **how: Any) -> None:
    """Write a table as Parquet (zstd), whole or not at all; equal tables give equal bytes."""

    def write(temporary: Path) -> None:
        with pq.ParquetWriter(temporary, table.schema, compression="zstd", **how) as writer:
            if table.num_rows:  # some readers stumble over an empty row group
                writer.write_table(table)

    write_whole(path, write)


def load_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the table of a Parquet file that `write_table` wrote.

    Raises:
        FileNotFoundError: there is no file.
        LedgerError: the file is damaged.
    """
    with _damage_named(path):
        return pq.ParquetFile(path).read(columns=None if columns is None else list(columns))


def load_schema(path: Path) -> pa.Schema:
    """Return the schema of a Parquet file that `write_table` wrote.

    Raises:
        FileNotFoundError: there is no file.
        LedgerError: the file is damaged.
    """
    with _damage_named(path):
        return pq.read_schema(path)


@contextmanager
def _damage_named(path: Path) -> Generator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:  # it says itself what is the matter
            raise
        raise LedgerError(
            f"{path} is damaged ({' '.join(str(error).split())}); delete it and start the same command again: "
            "only what it stands for is worked on again"
        ) from error


def remove_folder(folder: Path, *, first: Sequence[str]) -> None:
    """Delete a folder, beginning with the files that say what is in it: a kill leaves none that looks whole."""
    for name in first:
        (folder / name).unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a finished file, which is never written to again, a second name."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        write_whole(target, lambda temporary: shutil.copyfile(source, temporary))
