"""From finished shards to a finished stage: one schema, files of dropped and failed rows, and the record."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shard_runner.accounts import count_entries
from shard_runner.columns import common_column, rows_to_table
from shard_runner.content import Content
from shard_runner.disk import write_json, write_table
from shard_runner.errors import LedgerError
from shard_runner.folder import STAGE_RECORD, Entry, part_path, read_entries, read_head, read_parquet


def finish_folder(folder: Path, count: int, *, rows_in: int, made_from: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a folder whose `count` shards are finished, and return its record.

    Raises:
        LedgerError: when the shards' ledgers do not account for `rows_in` rows.
    """
    _align_columns(folder, count)
    entries = [entry for index in range(count) for entry in read_entries(folder, index)]
    if len(entries) != rows_in:
        raise LedgerError(f"{folder} accounts for {len(entries)} of {rows_in} rows; delete the folder and run again")
    _write_refused(folder / "dropped.parquet", [entry for entry in entries if entry.state == "dropped"])
    _write_refused(folder / "failed.parquet", [entry for entry in entries if entry.state == "failed"])
    contents = [_content(folder, index) for index in range(count)]
    record = {
        **made_from,
        "rows_in": rows_in,
        **count_entries(entries),
        "content": str(sum(contents, Content())),
        "shards": [{"rows": content.rows, "content": str(content)} for content in contents],
    }
    write_json(folder / STAGE_RECORD, record)
    return record


def _content(folder: Path, index: int) -> Content:
    head = read_head(folder, index)
    assert head is not None, "every shard is finished"
    return head.content


def _write_refused(path: Path, entries: list[Entry]) -> None:
    path.unlink(missing_ok=True)
    if entries:
        rows = [{"id": e.id, "reason": e.reason, "detail": e.detail, "row": e.row} for e in entries]
        write_table(path, rows_to_table(rows))


def _align_columns(folder: Path, count: int) -> None:
    """Give all parts of a stage the same columns, so that any Parquet reader takes them as one table."""
    schemas = [pq.read_schema(part_path(folder, index)) for index in range(count)]
    wanted: dict[str, pa.Field] = {}
    for schema in schemas:
        for column in schema:
            wanted[column.name] = common_column(wanted[column.name], column) if column.name in wanted else column
    target = [(column.name, column.type) for column in wanted.values()]
    for index, schema in enumerate(schemas):
        if [(column.name, column.type) for column in schema] != target:
            table = rows_to_table(read_parquet(part_path(folder, index)), wanted)
            write_table(part_path(folder, index), table)
