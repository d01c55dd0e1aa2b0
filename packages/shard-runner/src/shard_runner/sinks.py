"""Exports of a finished stage's rows, to a disk or a store, whole or not at all."""

import gzip
import itertools
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from shard_runner.columns import table_to_rows
from shard_runner.disk import read_record
from shard_runner.drafts import Draft, draft_of
from shard_runner.errors import TableError
from shard_runner.folder import PLAN_RECORD, STAGE_RECORD, TASK_RECORD
from shard_runner.part_tables import Parts, common_schema
from shard_runner.plain import Row, to_readable_json
from shard_runner.record import RUN_RECORD
from shard_runner.remote_drafts import names_beside
from shard_runner.tables import shown_name, table_format
from shard_runner.uris import has_pattern, is_uri, path_of_uri


def write_rows(run_dir: str | Path, name: str, target: str | Path, *, shard_rows: int | None = None) -> int:
    """Write the rows of a finished source or stage to a file, and return how many they are.

    The suffix says the format: `.parquet` (zstd, one schema), `.jsonl`, `.json`, and the latter two with `.gz`.
    JSON is UTF-8; NaN and infinities are written as Python does. One part of the run is in memory at a time.

    Args:
        run_dir: The run folder.
        name: The source or stage.
        target: Path, or URI of a store (`s3://bucket/rows.parquet`; extra `shard-runner[remote]`). What is there is
            replaced once the new file is whole; after an error it is as it was.
        shard_rows: Rows to a file: `rows.parquet` becomes `rows-00000-of-00003.parquet` and so on. All are
            written before the first gets its name.

    Raises:
        TableError: when the target has no known suffix, can't be written, lies in a step's own folder, or beside
            files of an export of another size.
        LedgerError: when the stage has not finished, is damaged, or is replaced by a run meanwhile.
    """
    if shard_rows is not None and shard_rows < 1:
        raise TableError(f"shard_rows must be at least 1; got {shard_rows}")
    form = table_format(target)
    parts = Parts.of(run_dir, name)
    targets = _targets(str(target), form, parts.row_count, shard_rows)
    _check_place(target, targets, form)
    schema = common_schema(parts)
    drafts: list[Draft] = []
    placed = False
    try:
        pieces = _pieces(parts, schema, shard_rows)
        for part_target, tables in zip(targets, pieces, strict=False):
            drafts.append(draft_of(part_target))
            with drafts[-1].open() as file:
                _write(file, tables, schema, form)
        parts.check_unchanged()
        for draft in drafts:
            draft.place()
        placed = True
    except OSError as error:
        raise TableError(f"{shown_name(target)} can't be written: {error.strerror or error}") from error
    finally:
        for draft in [] if placed else drafts:
            with suppress(OSError):  # the error that led here is the one to tell
                draft.discard()
    return parts.row_count


def _targets(target: str, form: str, row_count: int, shard_rows: int | None) -> list[str]:
    if shard_rows is None:
        return [target]
    count = max(1, -(-row_count // shard_rows))
    return [f"{target[: -len(form)]}-{index:05d}-of-{count:05d}{target[-len(form) :]}" for index in range(count)]


def _check_place(target: str | Path, targets: list[str], form: str) -> None:
    shown = shown_name(target)
    remote = isinstance(target, str) and is_uri(target)
    if remote and has_pattern(path_of_uri(str(target))):
        raise TableError(f"{shown} must be the name of one file; got a pattern")
    if not remote:
        _check_apart(Path(target))
    if targets == [str(target)]:
        return
    stem = str(target).rpartition("/")[2][: -len(form)]
    shape = re.compile(rf"{re.escape(stem)}-\d{{5}}-of-\d{{5}}{re.escape(form)}")
    beside = names_beside(str(target)) if remote else [path.name for path in Path(target).parent.glob("*")]
    others = sorted({name for name in beside if shape.fullmatch(name)} - {part.rpartition("/")[2] for part in targets})
    if others:
        raise TableError(f"{shown} would mix with another export ({others[0]}, ...); remove it or choose another name")


def _check_apart(target: Path) -> None:
    for folder in target.absolute().parents:
        if _is_a_run_s(folder):
            raise TableError(f"{target} lies in {folder}, which belongs to a run; choose another place")


def _is_a_run_s(folder: Path) -> bool:
    """Tell whether a folder is a step's, which a run may empty; a task at work may well export into its own."""
    if (folder / STAGE_RECORD).exists() or (folder / PLAN_RECORD).exists():
        return True
    if not (folder / TASK_RECORD).is_file() or not (folder.parent / RUN_RECORD).is_file():  # or somebody else's file
        return False
    task = read_record(folder / TASK_RECORD)
    return task is not None and task["finished"]


def _pieces(parts: Parts, schema: pa.Schema, shard_rows: int | None) -> Iterator[Iterable[pa.Table]]:
    """Yield what goes into each file, as tables that are made when they are asked for."""
    tables = parts.tables(schema)
    if shard_rows is None:
        yield tables
        return
    yielded = False
    for _, group in itertools.groupby(_cut(tables, shard_rows), key=lambda piece: piece[0]):
        yielded = True
        yield (table for _, table in group)
    if not yielded:
        yield ()


def _cut(tables: Iterable[pa.Table], shard_rows: int) -> Iterator[tuple[int, pa.Table]]:
    done = 0
    for table in tables:
        while table.num_rows:
            index = done // shard_rows
            piece = table.slice(0, (index + 1) * shard_rows - done)
            yield index, piece
            done += piece.num_rows
            table = table.slice(piece.num_rows)


def _write(file: BinaryIO, tables: Iterable[pa.Table], schema: pa.Schema, form: str) -> None:
    if form == ".parquet":
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for table in tables:
                if table.num_rows:  # readers such as datasets stumble over a row group without rows
                    writer.write_table(table)
        return
    rows = (row for table in tables for row in table_to_rows(table))
    texts = _json_lines(rows) if form.startswith(".jsonl") else _json_list(rows)
    if not form.endswith(".gz"):
        file.writelines(text.encode() for text in texts)
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        for text in texts:  # no name and no time in the header: equal rows give equal bytes
            packed.write(text.encode())


def _json_lines(rows: Iterable[Row]) -> Iterator[str]:
    return (f"{to_readable_json(row)}\n" for row in rows)


def _json_list(rows: Iterable[Row]) -> Iterator[str]:
    sign = "["
    for row in rows:
        yield f"{sign}\n{to_readable_json(row)}"
        sign = ","
    yield "[]\n" if sign == "[" else "\n]\n"
