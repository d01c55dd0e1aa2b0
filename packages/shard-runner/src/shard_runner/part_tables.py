"""The rows of a finished source or stage as Arrow tables of one schema, a part at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from shard_runner.columns import (
    absent_column,
    is_json,
    json_column,
    nulls_are_absent,
    rows_to_table,
    table_to_rows,
)
from shard_runner.disk import damage, load_schema, load_table, read_record
from shard_runner.errors import LedgerError
from shard_runner.folder import STAGE_RECORD, finished_record, part_path, reading_of, stage_folder


@dataclass(frozen=True)
class Parts:
    """The parts of a finished source or stage, as they were when this was made."""

    folder: Path
    record: dict[str, Any]
    """What `stage.json` says."""

    @staticmethod
    def of(run_dir: str | Path, name: str) -> "Parts":
        """Return the parts of a source or stage.

        Raises:
            LedgerError: when it has not finished, or is a task.
        """
        return Parts(stage_folder(run_dir, name), finished_record(run_dir, name))

    @property
    def paths(self) -> list[Path]:
        """The Parquet files, in order."""
        return [part_path(self.folder, index) for index in range(len(self.record["shards"]))]

    @property
    def row_count(self) -> int:
        """The number of rows in all."""
        return sum(shard["rows"] for shard in self.record["shards"])

    def tables(self, schema: pa.Schema) -> Iterator[pa.Table]:
        """Yield the table of each part, with the schema of all, which `common_schema` gives.

        Raises:
            LedgerError: when a part is missing, damaged, has not the rows that the record says, or was replaced by a
                run meanwhile.
        """
        for path, shard in zip(self.paths, self.record["shards"], strict=True):
            try:
                table = _conformed(_load_part(path, shard["rows"]), schema)
            except Exception:
                self.check_unchanged()  # a part of another record is missing or has other columns
                raise
            yield table

    def check_unchanged(self) -> None:
        """Make sure that the parts are still the ones that were asked for.

        Raises:
            LedgerError: when a run replaced them meanwhile.
        """
        if read_record(self.folder / STAGE_RECORD) != self.record:
            raise LedgerError(f"{self.folder} was replaced by a run while it was read; do it again")


def common_schema(parts: Parts) -> pa.Schema:
    """Return the one schema that holds the rows of all parts, value for value.

    The parts of a finished stage have the same columns. But a null can mean None in one and a missing key in another:
    such a column holds JSON texts.

    Raises:
        LedgerError: when a part is missing or damaged.
    """
    schemas: dict[Path, pa.Schema] = {}
    for path, shard in zip(parts.paths, parts.record["shards"], strict=True):
        if shard["rows"]:
            with reading_of(path):
                schemas[path] = load_schema(path)
    columns = next(iter(schemas.values()), ())
    return pa.schema([_common_column(column, schemas) for column in columns])


def _common_column(column: pa.Field, schemas: Mapping[Path, pa.Schema]) -> pa.Field:
    name, kind = column.name, column.type
    if is_json(column):
        return json_column(name)
    full = [path for path, schema in schemas.items() if not nulls_are_absent(schema.field(name))]
    if len(full) == len(schemas):
        return pa.field(name, kind)
    return json_column(name) if any(_has_null(path, name) for path in full) else absent_column(name, kind)


def _has_null(path: Path, name: str) -> bool:
    with reading_of(path):
        return load_table(path, [name]).column(0).null_count > 0


def _load_part(path: Path, row_count: int) -> pa.Table:
    with reading_of(path):
        table = load_table(path)
    if table.num_rows != row_count:
        raise damage(path, f"it holds {table.num_rows} rows, its record says {row_count}")
    return table


def _conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    if table.schema.equals(schema, check_metadata=True):
        return table
    return pa.Table.from_arrays([_conformed_column(table, field) for field in schema], schema=schema)


def _conformed_column(table: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    own = table.schema.field(field.name)
    if own.type == field.type and is_json(own) == is_json(field):
        return table.column(field.name)
    alone = table.select([field.name]).replace_schema_metadata()  # without the order of keys, which may lack this one
    rows = table_to_rows(alone)
    made = rows_to_table(rows, {field.name: field}).column(0)
    assert made.type == field.type, f"{field.name}: {made.type} in place of {field.type}"
    return made
