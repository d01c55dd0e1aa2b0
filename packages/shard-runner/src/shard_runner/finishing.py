"""From finished shards to a finished stage: one schema, files of dropped and failed rows, and the record."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shard_runner.columns import common_column, is_json, key_order, rows_to_aligned_table
from shard_runner.content import Content
from shard_runner.disk import load_schema, temporary_path, write_record, write_table, write_whole
from shard_runner.errors import LedgerError
from shard_runner.folder import STAGE_RECORD, part_path, read_parquet
from shard_runner.ledger import Counts, count_ledger, read_head, refused_entries
from shard_runner.outcomes import State
from shard_runner.schema_texts import base64_to_schema, schema_to_base64

_DROPPED = ("id", "reason", "detail", "tokens")
_OWN = b"shard_runner.own"  # of a part with the columns of its neighbours: those that it had before
_FAILED = ("id", "reason", "detail", "tokens", "attempts", "traceback_hash", "traceback", "row")


def finish_folder(folder: Path, count: int, *, rows_in: int, made_from: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a folder whose `count` shards are finished, and return its record; one shard is in memory at a time.

    Raises:
        LedgerError: when the shards' ledgers do not account for `rows_in` rows.
    """
    _clear_away(folder, count)
    _align_columns(folder, count)
    counts = Counts()
    for index in range(count):
        count_ledger(counts, folder, index)
    if counts.rows != rows_in:
        raise LedgerError(f"{folder} accounts for {counts.rows} of {rows_in} rows; delete the folder and run again")
    _write_refused(folder, count, "dropped", _DROPPED, any_rows=bool(counts.dropped))
    _write_refused(folder, count, "failed", _FAILED, any_rows=bool(counts.failed))
    contents = [_content(folder, index) for index in range(count)]
    record = {
        **made_from,
        "rows_in": rows_in,
        **counts.as_dict(),
        "content": str(sum(contents, Content())),
        "shards": [{"rows": content.rows, "content": str(content)} for content in contents],
    }
    write_record(folder / STAGE_RECORD, record)
    return record


def _clear_away(folder: Path, count: int) -> None:
    """Remove files that kills left half written, and shards of an earlier plan that had more of them."""
    torn = temporary_path(folder / "*").name
    for path in (*folder.glob(torn), *folder.glob(f"ledger/{torn}")):
        path.unlink(missing_ok=True)
    for path in (*folder.glob("part-*"), *folder.glob("ledger/*.parquet")):
        number = path.stem.removeprefix("part-")
        if number.isdigit() and int(number) >= count:
            path.unlink()


def _content(folder: Path, index: int) -> Content:
    head = read_head(folder, index)
    assert head is not None, "every shard is finished"
    return head.content


def _write_refused(folder: Path, count: int, state: State, columns: Sequence[str], *, any_rows: bool) -> None:
    path = folder / f"{state}.parquet"
    path.unlink(missing_ok=True)
    if not any_rows:
        return
    numbers = ("tokens", "attempts")
    schema = pa.schema([(name, pa.int64() if name in numbers else pa.string()) for name in columns])

    def write(temporary: Path) -> None:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for entries in refused_entries(folder, count, state):
                rows = [{name: getattr(entry, name) for name in columns} for entry in entries]
                writer.write_table(pa.Table.from_pylist(rows, schema))

    write_whole(path, write)


def _align_columns(folder: Path, count: int) -> None:
    """Give all parts of a stage the same columns, so that any Parquet reader takes them as one table.

    `table_to_rows` gives the very same rows before and after, to the order of keys: with stages side by side, a row may
    be read at either time. A part tells which columns it had by itself: where it comes to have other neighbours, it
    ends with the same bytes as if it never had the old ones.
    """
    wanted: dict[str, pa.Field] = {}
    for index in range(count):
        for column in _own_schema(load_schema(part_path(folder, index))):
            wanted[column.name] = common_column(wanted[column.name], column) if column.name in wanted else column
    target = pa.schema(list(wanted.values()))
    for index in range(count):
        schema = load_schema(part_path(folder, index))
        if _kinds(schema) != _kinds(target):
            own = _own_schema(schema)
            table = rows_to_aligned_table(read_parquet(part_path(folder, index)), wanted, own.names)
            write_table(part_path(folder, index), table if _kinds(own) == _kinds(target) else _with_own(table, own))


def _kinds(schema: pa.Schema) -> list[tuple[str, pa.DataType, bool]]:
    return [(column.name, column.type, is_json(column)) for column in schema]


def _own_schema(schema: pa.Schema) -> pa.Schema:
    """Return the columns that a part had before it was given those of its neighbours."""
    told = (schema.metadata or {}).get(_OWN)
    if told is None:
        return pa.schema([schema.field(name) for name in key_order(schema)])
    return base64_to_schema(told)


def _with_own(table: pa.Table, own: pa.Schema) -> pa.Table:
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _OWN: schema_to_base64(own)})
