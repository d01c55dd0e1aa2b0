"""Columns of the user's rows that pass through, as columns of the table that a run exports."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
from shard_runner import Row

_ROWS_AT_A_TIME = 500


def passed_schema(rows: Iterable[Row], taken: Iterable[str]) -> pa.Schema:
    """The columns that rows pass through, in order, without names that are taken; JSON texts where types are mixed."""
    kinds: dict[str, pa.DataType] = {}
    waiting = iter(rows)
    while batch := [row["passed"] for row in islice(waiting, _ROWS_AT_A_TIME)]:
        for name in dict.fromkeys(name for passed in batch for name in passed):
            kind = _kind_of([passed.get(name) for passed in batch])
            kinds[name] = kind if name not in kinds else _common(kinds[name], kind)
    return pa.schema([(name, kind) for name, kind in kinds.items() if name not in set(taken)])


def passed_values(row: Row, schema: pa.Schema) -> dict[str, Any]:
    """The values of a row for these columns."""
    return {field.name: _value(row["passed"].get(field.name), field.type) for field in schema}


def _kind_of(values: Sequence[Any]) -> pa.DataType:
    try:
        return pa.infer_type(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return pa.string()


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    try:
        fields = [pa.schema([("column", kind)]) for kind in (one, other)]
        return pa.unify_schemas(fields, promote_options="permissive").field("column").type
    except pa.ArrowException:
        return pa.string()


def _value(value: Any, kind: pa.DataType) -> Any:
    is_text = isinstance(value, str) or value is None
    return value if is_text or not pa.types.is_string(kind) else json.dumps(value, ensure_ascii=False)
