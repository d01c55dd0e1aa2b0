"""Sources that read the files that people have, and are read again only when a file has changed."""

import glob
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from shard_runner.errors import TableError
from shard_runner.plain import Row, digest_of
from shard_runner.remote_files import RemoteFile, remote_files, remote_version
from shard_runner.stages import Source
from shard_runner.streams import stream_digest
from shard_runner.tables import iter_table, open_table, shown_name, table_format
from shard_runner.uris import has_pattern, is_uri

Names = str | Path | Sequence[str | Path]


def table_source(
    name: str, files: Names, *, id_column: str | None = "id", config: Mapping[str, Any] | None = None
) -> Source:
    """Return a source of the rows of Parquet, JSON or JSONL files, those of one file after those of the other.

    While the files' bytes, formats and order stay the same, it is not read again; their folder may change.

    Args:
        name: The source's name.
        files: A path, a URI (extra `shard-runner[remote]`) or a pattern (`data/*.parquet`, `s3://bucket/**/*.jsonl`;
            its files sorted by name), or several of them in order.
        id_column: Column that holds the ids; another than `id` is copied to `id`, over what is there. Whole numbers
            become text. None makes ids of the file's stem and the row's position, `train-0`: a row that is put in
            before others moves their ids, and all of them are worked on again.
        config: Plain values that say more of how the rows were made.

    Raises:
        TableError: at once when a file is missing, out of reach or of no known format, or when with
            `id_column=None` two files have the same stem; while reading, when a file is not whole.
    """
    named = [files] if isinstance(files, str | Path) else list(files)
    _check_stems(find_tables(named), id_column)

    def rows() -> Iterator[Row]:
        found = find_tables(named)
        _check_stems(found, id_column)
        for file in found:
            for position, row in enumerate(iter_table(file)):
                yield with_id(row, id_column, f"{_stem(file)}-{position}")

    def fingerprint() -> str:
        return digest_of([_version(file, id_column) for file in find_tables(named)])

    return Source(name=name, rows=rows, config={**(config or {}), "id_column": id_column}, fingerprint=fingerprint)


def find_tables(files: Sequence[str | Path]) -> list[Path | RemoteFile]:
    """Return the files that paths, URIs and patterns name, in order.

    Raises:
        TableError: when one names nothing, a folder, or a file of no known format.
    """
    if not files:
        raise TableError("a source of files needs at least one file; got none")
    found = [file for name in files for file in _files_of(name)]
    for file in found:
        table_format(file)
    return found


def _files_of(name: str | Path) -> list[Path] | list[RemoteFile]:
    if isinstance(name, str) and is_uri(name):
        return remote_files(name)
    path = Path(name)
    if path.is_dir():
        raise TableError(f"{path} is a folder; name a file, or a pattern such as {path}/*.parquet")
    if path.exists() or not has_pattern(str(path)):
        open_table(path).close()
        return [path]
    found = [Path(match) for match in sorted(glob.glob(str(path), recursive=True)) if Path(match).is_file()]
    if not found:
        raise TableError(f"{path} can't be read: No such file")
    return found


def _stem(file: Path | RemoteFile) -> str:
    text = file.path if isinstance(file, RemoteFile) else file.name
    return text.rpartition("/")[2][: -len(table_format(file))]


def _check_stems(files: Sequence[Path | RemoteFile], id_column: str | None) -> None:
    if id_column is not None:
        return
    seen: dict[str, str] = {}
    for file in files:
        if _stem(file) in seen:
            raise TableError(
                f"ids made of file stems would clash: {seen[_stem(file)]} and {shown_name(file)}; "
                "rename one, or name the column that holds ids"
            )
        seen[_stem(file)] = shown_name(file)


def _version(file: Path | RemoteFile, id_column: str | None) -> list[str]:
    place = [table_format(file), _stem(file) if id_column is None else ""]
    if isinstance(file, RemoteFile):
        return [*place, remote_version(file)]
    with open_table(file) as stream:
        return [*place, stream_digest(stream)]


def with_id(row: Row, id_column: str | None, made: str) -> Row:
    """Return a row whose `id` is that of a column, or where there is no such column the one that was made.

    A row that lacks the column gets the id None, with which a run counts it as `missing_id`.

    >>> with_id({"key": 7}, "key", "train-0"), with_id({"id": "old"}, None, "train-0")
    ({'key': 7, 'id': '7'}, {'id': 'train-0'})
    """
    found = made if id_column is None else cast("Any", row.get(id_column))
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if id_column == "id" and "id" not in row:
        return row
    return {**row, "id": found}
