"""Rows to Arrow columns and back, value for value, whatever the rows hold."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from shard_runner.plain import Row, to_json, to_readable_json

_META = b"shard_runner"
_JSON = {_META: b"json"}  # column of JSON texts; a null is a key that the row does not have
_ABSENT = {_META: b"absent"}  # native column in which a null is a key that the row does not have
_KEYS = b"shard_runner.keys"  # of a table: the keys of its rows in their own order, where its columns have another
_MISSING: Any = object()
_SCALARS = ({str}, {int}, {float}, {bool}, {bytes}, set[type]())


def is_json(column: pa.Field) -> bool:
    """Tell whether a column holds JSON texts."""
    return (column.metadata or {}).get(_META) == b"json"


def nulls_are_absent(column: pa.Field) -> bool:
    """Tell whether a null in a native column is a key that the row does not have."""
    return (column.metadata or {}).get(_META) == b"absent"


def json_column(name: str) -> pa.Field:
    """Return the field of a column that is stored as JSON texts."""
    return pa.field(name, pa.string(), metadata=_JSON)


def absent_column(name: str, kind: pa.DataType) -> pa.Field:
    """Return the field of a native column in which a null is a key that the row does not have."""
    return pa.field(name, kind, metadata=_ABSENT)


def rows_to_table(rows: Sequence[Row], columns: Mapping[str, pa.Field] | None = None) -> pa.Table:
    """Turn rows into a table from which `table_to_rows` gives back equal rows.

    A column gets the Arrow type that Arrow infers when that loses nothing. Where it would (dicts with different keys,
    mixed types, integers beyond 64 bits), the column holds JSON texts instead, and its metadata says so.
    `columns` are fields to be used instead of inferred ones; values must fit.

    >>> table_to_rows(rows_to_table([{"id": "a", "tags": []}, {"id": "b", "parts": [{"type": "image"}, {}]}]))
    [{'id': 'a', 'tags': []}, {'id': 'b', 'parts': [{'type': 'image'}, {}]}]
    """
    columns = columns or {}
    names = dict.fromkeys(columns)
    for row in rows:
        if row.keys() != names.keys():
            names.update(dict.fromkeys(row))
    return lists_to_table({name: [row.get(name, _MISSING) for row in rows] for name in names}, columns)


def lists_to_table(lists: Mapping[str, list[Any]], columns: Mapping[str, pa.Field] | None = None) -> pa.Table:
    """Turn lists of values, one for each column, into a table as `rows_to_table` does."""
    made = [_column(name, values, (columns or {}).get(name)) for name, values in lists.items()]
    return pa.Table.from_arrays([array for array, _ in made], schema=pa.schema([column for _, column in made]))


def _column(name: str, values: list[Any], wanted: pa.Field | None) -> tuple[pa.Array, pa.Field]:
    absent = object in map(type, values)  # the type of _MISSING, and of no plain value
    ambiguous = absent and any(value is None for value in values)
    if not ambiguous and not (wanted is not None and is_json(wanted)):
        plain = [None if value is _MISSING else value for value in values] if absent else values
        array = _native(plain, None if wanted is None else wanted.type)
        if array is not None:
            return array, pa.field(name, array.type, metadata=_ABSENT if absent else None)
    texts = [None if value is _MISSING else to_readable_json(value) for value in values]
    return pa.array(texts, pa.string()), json_column(name)


def _native(values: list[Any], wanted: pa.DataType | None) -> pa.Array | None:
    try:
        array = pa.array(values, type=wanted)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return None
    if _has_empty_struct(array.type):  # Parquet can't store it
        return None
    simple = set(map(type, values)) - {type(None)} in _SCALARS
    if simple and (wanted is None or array.type == pa.array(values).type):
        return array
    same = to_json(array.to_pylist(), sort_keys=True) == to_json(values, sort_keys=True)
    return array if same else None


def _has_empty_struct(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind) and kind.num_fields == 0:
        return True
    return any(_has_empty_struct(kind.field(index).type) for index in range(kind.num_fields))


def table_to_rows(table: pa.Table) -> list[Row]:
    """Turn a table into rows; a table that this package did not write is read as it is."""
    if _KEYS in (table.schema.metadata or {}):
        table = table.select([name for name in key_order(table.schema) if name in table.column_names])
    columns = [_values(table.column(index), field) for index, field in enumerate(table.schema)]
    names = table.column_names
    if not any((field.metadata or {}).get(_META) for field in table.schema):
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return [
        {name: value for name, value in zip(names, values, strict=True) if value is not _MISSING}
        for values in zip(*columns, strict=True)
    ]


def key_order(schema: pa.Schema) -> list[str]:
    """Return the keys of a table's rows, in the order in which the rows have them."""
    told = (schema.metadata or {}).get(_KEYS)
    return schema.names if told is None else json.loads(told)


def rows_to_aligned_table(rows: Sequence[Row], columns: Mapping[str, pa.Field], keys: Sequence[str]) -> pa.Table:
    """Turn rows into a table with the columns that other tables have, and remember the order of the rows' own keys.

    >>> table = rows_to_aligned_table([{"b": 1, "a": 2}], {"a": pa.field("a", pa.int64())}, ["b", "a"])
    >>> table.column_names, table_to_rows(table)
    (['a', 'b'], [{'b': 1, 'a': 2}])
    """
    table = rows_to_table(rows, columns)
    if [name for name in table.column_names if name in keys] == list(keys):
        return table
    return table.replace_schema_metadata({_KEYS: to_json(list(keys))})


def column_to_list(table: pa.Table, name: str) -> list[Any]:
    """Return the values of a column that every row has, as `table_to_rows` would give them."""
    return _values(table.column(name), table.schema.field(name))


def _values(column: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    values = _to_list(column)
    mark = (field.metadata or {}).get(_META)
    if mark is None:
        return values
    if mark == b"json":
        return [_MISSING if text is None else json.loads(text) for text in values]
    return [_MISSING if value is None else value for value in values]


def _to_list(column: pa.ChunkedArray) -> list[Any]:
    """Return `column.to_pylist()`, by way of numpy where that gives the same values: it is several times faster."""
    kind = column.type
    numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    if pa.types.is_string(kind) or pa.types.is_binary(kind) or (numbers and not column.null_count):
        with contextlib.suppress(pa.ArrowException):  # text that is no UTF-8, of which `to_pylist` tells more
            return column.to_numpy().tolist()
    return column.to_pylist()


def conform(rows: Sequence[Row], schema: pa.Schema) -> list[Row]:
    """Return rows whose columns named in a schema have its types; a missing one becomes None.

    Raises:
        ValueError: when a value does not fit, naming the column.
    """
    made = [dict(row) for row in rows]
    for field in schema:
        try:
            array = pa.array([row.get(field.name) for row in rows], type=field.type)
        except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"column {field.name!r} must be {field.type}: {error}") from error
        for row, value in zip(made, array.to_pylist(), strict=True):
            row[field.name] = value
    return made


def common_column(first: pa.Field, second: pa.Field) -> pa.Field:
    """Return the narrowest column that holds the values of both; JSON texts where no Arrow type does."""
    if is_json(first) or is_json(second):
        return json_column(first.name)
    kind = _common_type(first.type, second.type)
    return json_column(first.name) if kind is None else pa.field(first.name, kind)


def _common_type(first: pa.DataType, second: pa.DataType) -> pa.DataType | None:
    if first == second or pa.types.is_null(second):
        return first
    if pa.types.is_null(first):
        return second
    if pa.types.is_list(first) and pa.types.is_list(second):
        item = _common_type(first.value_type, second.value_type)
        return None if item is None else pa.list_(item)
    if pa.types.is_struct(first) and pa.types.is_struct(second):
        return _common_struct(first, second)
    return None


def _common_struct(first: pa.DataType, second: pa.DataType) -> pa.DataType | None:
    names = [field.name for field in first]
    if names != [field.name for field in second]:  # with JSON texts, each dict keeps the order of its keys
        return None
    kinds = {name: _common_type(first.field(name).type, second.field(name).type) for name in names}
    if any(kind is None for kind in kinds.values()):
        return None
    return pa.struct(list(kinds.items()))
