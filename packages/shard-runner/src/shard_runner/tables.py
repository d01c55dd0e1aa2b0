"""Reading rows from the files that people have: Parquet, JSON lists and JSON lines, here or in a store."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from shard_runner.columns import table_to_rows
from shard_runner.errors import TableError
from shard_runner.json_rows import json_lines, json_list
from shard_runner.plain import Row
from shard_runner.remote_files import RemoteFile, open_remote, remote_file
from shard_runner.streams import CHUNK_BYTES
from shard_runner.uris import is_uri, masked, path_of_uri

FORMATS = (".parquet", ".json", ".jsonl", ".json.gz", ".jsonl.gz")
_BATCH_ROWS = 512
_BATCH_BYTES = 2 << 20
_LOCAL_BUFFER_BYTES = 1 << 18  # for each column
_REMOTE_BUFFER_BYTES = 1 << 21  # one request each


def read_table(path: str | Path) -> list[Row]:
    """Return the rows of a `.parquet` file, a `.json` list of objects, or a `.jsonl` file of one object a line.

    Raises:
        TableError: when the file is missing, truncated or of another form; the message says where.
    """
    return list(iter_table(path))


def iter_table(path: str | Path | RemoteFile) -> Iterator[Row]:
    """Yield the rows of a `.parquet`, `.json` (a list of objects) or `.jsonl` file, the latter two also as `.gz`.

    A path, or a URI (`s3://`, `gs://`, `https://`, `memory://`; extra `shard-runner[remote]`). Memory stays that of
    a piece of the file (of Parquet, a page of each column) or of the largest row. Rows that come before a fault are
    yielded before it is raised.

    Raises:
        TableError: when the file is missing, truncated or of another form; the message says where.
    """
    name = shown_name(path)
    form = table_format(path)
    file = remote_file(path) if isinstance(path, str) and is_uri(path) else path
    return _rows(file if isinstance(file, RemoteFile) else Path(file), name, form)


def shown_name(path: str | Path | RemoteFile) -> str:
    """Return a file's name for messages, without keys."""
    if isinstance(path, RemoteFile):
        return path.shown
    return masked(path) if isinstance(path, str) and is_uri(path) else str(path)


def table_format(path: str | Path | RemoteFile) -> str:
    """Return the suffix that names a file's format, in small letters.

    Raises:
        TableError: when it is none of `FORMATS`.
    """
    text = path.path if isinstance(path, RemoteFile) else str(path)
    name = PurePosixPath(path_of_uri(text) if is_uri(text) else text).name.lower()
    for form in sorted(FORMATS, key=len, reverse=True):
        if name.endswith(form):
            return form
    raise TableError(f"{shown_name(path)} must end in {', '.join(FORMATS)}")


def open_table(file: Path | RemoteFile, *, readahead: bool = True) -> BinaryIO:
    """Open a file for reading bytes.

    Raises:
        TableError: when it is missing or out of reach.
    """
    if isinstance(file, RemoteFile):
        return open_remote(file, readahead=readahead)
    try:
        return file.open("rb", buffering=CHUNK_BYTES)
    except OSError as error:
        raise TableError(f"{file} can't be read: {error.strerror or error}") from error


def _rows(file: Path | RemoteFile, name: str, form: str) -> Iterator[Row]:
    try:
        with open_table(file, readahead=form != ".parquet") as stream:
            if form != ".parquet":
                yield from _json_rows(stream, name, form)
            elif isinstance(file, Path):
                yield from _parquet_rows(str(file), name, _LOCAL_BUFFER_BYTES)
            else:
                yield from _parquet_rows(stream, name, _REMOTE_BUFFER_BYTES)
    except OSError as error:
        raise TableError(f"{name} can't be read: {error.strerror or error}") from error


def _json_rows(stream: BinaryIO, name: str, form: str) -> Iterator[Row]:
    read = json_list if form.startswith(".json.") or form == ".json" else json_lines
    if not form.endswith(".gz"):
        yield from _checked(read(stream, name), name)
        return
    if not stream.read(1):  # gzip takes an empty file for an empty text
        raise TableError(f"{name} is truncated: it is empty; get a whole copy")
    stream.seek(0)
    try:
        with gzip.GzipFile(fileobj=stream) as text:
            yield from _checked(read(cast("BinaryIO", text), name), name)
    except EOFError as error:
        raise TableError(f"{name} is truncated: its compressed text breaks off; get a whole copy") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise TableError(f"{name} is not a whole gzip file: {error}") from error


def _checked(values: Iterator[Any], name: str) -> Iterator[Row]:
    for number, value in enumerate(values):
        if not isinstance(value, dict):
            raise TableError(f"{name} must hold a list of objects; item {number} is {type(value).__name__}")
        yield cast("Row", value)


def _parquet_rows(file: str | BinaryIO, name: str, buffer_bytes: int) -> Iterator[Row]:
    try:
        with pq.ParquetFile(file, buffer_size=buffer_bytes, pre_buffer=False) as parquet:
            for group in range(parquet.num_row_groups):
                size = _batch_rows(parquet.metadata.row_group(group))
                for batch in parquet.iter_batches(batch_size=size, row_groups=[group]):
                    yield from table_to_rows(pa.Table.from_batches([batch]))
    except UnicodeDecodeError as error:
        raise TableError(f"{name} holds text that is not UTF-8; write that column as binary or repair it") from error
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise TableError(f"{name} is not a whole Parquet file: {' '.join(str(error).split())}") from error


def _batch_rows(group: pq.RowGroupMetaData) -> int:
    row_bytes = group.total_byte_size // max(group.num_rows, 1)
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(row_bytes, 1)))
