"""Files that are either whole or not there, whatever moment the process dies at."""

import json
import os
import re
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate, count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shard_runner.disk_errors import naming
from shard_runner.errors import LedgerError
from shard_runner.plain import to_json
from shard_runner.schema_texts import base64_to_schema

_GROUP_ROWS = 5000  # rows of a table that are read together: a shard takes its own out of a part with many


def sync_folder(folder: Path) -> None:
    """Make the folder's own entries (new names, renames) survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with naming(folder):
            os.fsync(handle)
    finally:
        os.close(handle)


def temporary_path(path: Path) -> Path:
    """Return the file in which `write_whole` writes; a kill can leave it, half written."""
    return path.with_name(f".{path.name}.tmp")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place by one rename."""
    temporary = temporary_path(path)
    with naming(path):
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def write_record(path: Path, value: Mapping[str, Any]) -> None:
    """Write a plain mapping as indented JSON, whole or not at all."""
    text = json.dumps(json.loads(to_json(value)), indent=2, ensure_ascii=True) + "\n"
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="ascii"))


def read_record(path: Path) -> dict[str, Any] | None:
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
    """Write a table as Parquet (zstd), whole or not at all; equal tables give equal bytes.

    Pages carry checksums, so that a bit that flips on the disk is found by whoever reads the page.
    """

    def write(temporary: Path) -> None:
        with pq.ParquetWriter(temporary, table.schema, compression="zstd", write_page_checksum=True, **how) as writer:
            if table.num_rows:  # some readers stumble over an empty row group
                writer.write_table(table, row_group_size=_GROUP_ROWS)

    write_whole(path, write)


def ends_as_parquet(path: Path) -> bool:
    """Tell whether a file ends as Parquet files do, which none does that was cut off; it costs one short read."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(-min(file.tell(), 4), os.SEEK_END)
        return file.read() == b"PAR1"


def load_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the table of a Parquet file that `write_table` wrote.

    Raises:
        FileNotFoundError: there is no file.
        LedgerError: the file is damaged.
    """
    with _damage_named(path):
        return _checked_file(path).read(columns=None if columns is None else list(columns))


def _checked_file(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(path, page_checksum_verification=True)


def load_rows(path: Path, start: int, stop: int) -> pa.Table:
    """Return rows `start` to `stop` of a Parquet file that `write_table` wrote, reading little more than those.

    Raises:
        FileNotFoundError: there is no file.
        LedgerError: the file is damaged.
    """
    with _damage_named(path):
        file = _checked_file(path)
        sizes = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
        starts = [0, *accumulate(sizes)]
        wanted = [n for n, size in enumerate(sizes) if starts[n] < stop and starts[n] + size > start]
        table = file.read_row_groups(wanted)
        return table.slice(start - (starts[wanted[0]] if wanted else 0), stop - start)


def load_schema(path: Path) -> pa.Schema:
    """Return the schema of a Parquet file that `write_table` wrote, to the letter.

    Arrow's own reader gives the items of lists another name than they were written with.

    Raises:
        FileNotFoundError: there is no file.
        LedgerError: the file is damaged.
    """
    with _damage_named(path):
        metadata = pq.read_metadata(path)
        told = (metadata.metadata or {}).get(b"ARROW:schema")
        if told is None:  # a file of somebody else
            return metadata.schema.to_arrow_schema()
        return base64_to_schema(told)


@contextmanager
def _damage_named(path: Path) -> Generator[None]:
    try:
        with naming(path):
            yield
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:  # it says itself what is the matter
            raise
        raise damage(path, " ".join(str(error).split())) from error


def damage(path: Path, reason: str) -> LedgerError:
    """Return the error that says what to do about a damaged file of a run folder.

    It must be deleted: a run looks into no file of a finished stage, and takes what is there for whole.
    """
    return LedgerError(
        f"{path} is damaged ({reason}); delete it and run the pipeline again: "
        "only what it stands for is worked on again"
    )


_GONE = re.compile(r"\.[a-z0-9][a-z0-9_-]*(\.next|\.old-\d+)?\.gone-\d+")  # hidden, and of no step's name


def remove_folder(folder: Path) -> None:
    """Delete a folder at once as far as its name goes: it gets a hidden one first, which `remove_gone` knows."""
    if not folder.exists():
        return
    names = (folder.with_name(f".{folder.name}.gone-{number}") for number in count(1))
    gone = next(path for path in names if not path.exists())
    folder.rename(gone)
    sync_folder(folder.parent)
    _delete(gone)


def remove_gone(parent: Path) -> None:
    """Finish the deletion of folders, where a kill came in between."""
    for path in parent.iterdir():
        if _GONE.fullmatch(path.name):
            _delete(path)


def _delete(folder: Path) -> None:
    if folder.is_symlink():  # to a folder on another disk, which is somebody's own
        folder.unlink()
    else:
        shutil.rmtree(folder)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a finished file, which is never written to again, a second name."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        write_whole(target, lambda temporary: shutil.copyfile(source, temporary))
