"""The rows of a finished source or stage as Arrow tables of one schema, a part at a time."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shard_runner.columns import common_column, is_json, json_column, rows_to_table, table_to_rows
from shard_runner.disk import read_json
from shard_runner.errors import LedgerError
from shard_runner.folder import STAGE_RECORD, finished_record, part_path, stage_folder

ABSENT = {b"shard_runner": b"absent"}  # mark of a native column in which a null is a missing key


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

    def tables(self) -> Iterator[pa.Table]:
        """Yield the table of each part, with the part's own schema.

        Raises:
            LedgerError: when a part is missing, damaged, or has not the rows that the record says.
        """
        for path, shard in zip(self.paths, self.record["shards"], strict=True):
            with _reading(path):
                table = pq.ParquetFile(path).read()
            if table.num_rows != shard["rows"]:
                raise LedgerError(
                    f"{path} holds {table.num_rows} rows, its record says {shard['rows']}; run the pipeline again"
                )
            yield table

    def check_unchanged(self) -> None:
        """Make sure that the parts are still the ones that were asked for.

        Raises:
            LedgerError: when a run replaced them meanwhile.
        """
        if read_json(self.folder / STAGE_RECORD) != self.record:
            raise LedgerError(f"{self.folder} was replaced by a run while it was read; do it again")


@contextmanager
def _reading(path: Path) -> Generator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise LedgerError(f"{path} can't be read: {reason}; run the pipeline again") from error


def common_schema(parts: Parts) -> pa.Schema:
    """Return the one schema that holds the rows of all parts, value for value.

    A null can mean None in one part and a missing key in another: such a column holds JSON texts.

    Raises:
        LedgerError: when a part is missing or damaged.
    """
    schemas: dict[Path, pa.Schema] = {}
    for path, shard in zip(parts.paths, parts.record["shards"], strict=True):
        if shard["rows"]:
            with _reading(path):
                schemas[path] = pq.read_schema(path)
    fields: dict[str, pa.Field] = {}
    for field in (field for schema in schemas.values() for field in schema):
        fields[field.name] = common_column(fields[field.name], field) if field.name in fields else field
    return pa.schema([_with_mark(field, schemas) for field in fields.values()])


def _with_mark(field: pa.Field, schemas: Mapping[Path, pa.Schema]) -> pa.Field:
    if is_json(field):
        return json_column(field.name)
    full = [path for path, schema in schemas.items() if field.name in schema.names and not _is_absent(schema, field)]
    if len(full) == len(schemas):
        return pa.field(field.name, field.type)
    if any(_has_null(path, field.name) for path in full):
        return json_column(field.name)
    return pa.field(field.name, field.type, metadata=ABSENT)


def _is_absent(schema: pa.Schema, field: pa.Field) -> bool:
    return schema.field(field.name).metadata == ABSENT


def _has_null(path: Path, name: str) -> bool:
    with _reading(path):
        return pq.ParquetFile(path).read(columns=[name]).column(0).null_count > 0


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a part's table with the schema of all."""
    if table.schema.equals(schema, check_metadata=True):
        return table
    return pa.Table.from_arrays([_conformed_column(table, field) for field in schema], schema=schema)


def _conformed_column(table: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    if field.name not in table.column_names:
        return pa.nulls(table.num_rows, field.type)
    own = table.schema.field(field.name)
    if own.type == field.type and is_json(own) == is_json(field):
        return table.column(field.name)
    alone = table.select([field.name]).replace_schema_metadata()  # without the order of keys, which may lack this one
    rows = table_to_rows(alone)
    made = rows_to_table(rows, {field.name: field}).column(0)
    assert made.type == field.type, f"{field.name}: {made.type} in place of {field.type}"
    return made
