import doctest
import importlib
import json
import math
import pkgutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import shard_runner
from hypothesis import given, settings
from hypothesis import strategies as st
from shard_runner.columns import common_column, rows_to_table, table_to_rows
from shard_runner.content import Content, row_digest
from shard_runner.disk import write_table
from shard_runner.plain import to_json
from shard_runner.verdicts import to_verdict

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just("\ud83d\0👩‍🚀 שלום")
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
tables = st.lists(
    st.dictionaries(st.sampled_from("abc"), values, max_size=3).map(lambda row: {"id": "i", **row}), max_size=5
)


def exactly(value: Any) -> str:
    return json.dumps(value, sort_keys=True)  # tells 1 from 1.0 and True, and NaN equals itself


def content_of(rows: list[dict[str, Any]]) -> Content:
    return Content.of_digests([row_digest(row) for row in rows])


@given(tables)
@settings(max_examples=100, deadline=None)
def test_a_verdict_holds_what_json_gives_back_and_is_a_copy(rows: list[dict[str, Any]]) -> None:
    verdict = to_verdict(rows)
    assert exactly(verdict.rows) == exactly(json.loads(json.dumps(rows)))
    assert [list(row) for row in verdict.rows] == [list(row) for row in rows]  # the order of keys is that of columns
    assert not {id(row) for row in rows} & {id(row) for row in verdict.rows}


@given(tables)
@settings(max_examples=150, deadline=None)
def test_rows_come_back_from_parquet_exactly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    from shard_runner.folder import read_parquet

    path = tmp_path_factory.getbasetemp() / "rows.parquet"
    write_table(path, rows_to_table(rows))
    assert exactly(read_parquet(path)) == exactly(rows)


@given(tables, tables)
@settings(max_examples=100, deadline=None)
def test_two_shards_agree_on_columns_that_keep_every_value(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    wanted: dict[str, pa.Field] = {}
    for column in (column for rows in (first, second) for column in rows_to_table(rows).schema):
        wanted[column.name] = common_column(wanted[column.name], column) if column.name in wanted else column
    made = [rows_to_table(rows, wanted) for rows in (first, second)]
    assert [exactly(table_to_rows(table)) for table in made if table.num_rows] == [
        exactly(rows) for rows in (first, second) if rows
    ]
    assert made[0].schema.remove_metadata() == made[1].schema.remove_metadata()


def test_plain_columns_keep_their_arrow_types() -> None:
    rows = [{"id": "a", "boxes": [[0.0, 1.5]], "n": 1, "ok": True}, {"id": "b", "boxes": [], "n": None, "ok": False}]
    kinds = [str(kind) for kind in rows_to_table(rows).schema.types]
    assert kinds == ["string", "list<item: list<item: double>>", "int64", "bool"]


@given(tables.filter(bool), st.data())
@settings(max_examples=50, deadline=None)
def test_content_does_not_depend_on_cuts_and_changes_with_order(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    assert content_of(rows) == content_of(rows[:cut]) + content_of(rows[cut:])
    texts = [exactly(row) for row in rows]
    if texts != texts[::-1]:
        assert content_of(rows) != content_of(rows[::-1])


def test_numpy_values_and_paths_become_plain() -> None:
    import numpy as np

    row = {"score": np.float32(0.5), "box": np.arange(2), "path": Path("a/b"), "nan": np.float64("nan"), "t": (1,)}
    made = json.loads(to_json(row))
    assert math.isnan(made.pop("nan"))
    assert made == {"score": 0.5, "box": [0, 1], "path": "a/b", "t": [1]}
    with pytest.raises(TypeError, match="bytes is not a plain value"):
        to_json({"image": b"png"})
    with pytest.raises(TypeError, match="a set has no order"):
        to_json({"tags": {"a"}})


def test_examples_in_docstrings_hold() -> None:
    modules = [info.name for info in pkgutil.walk_packages(shard_runner.__path__, "shard_runner.")]
    results = [doctest.testmod(importlib.import_module(name)) for name in modules]
    assert sum(result.attempted for result in results) >= 10
    assert sum(result.failed for result in results) == 0


def test_the_public_names_are_these() -> None:
    assert sorted(shard_runner.__all__) == shard_runner.__all__
    assert shard_runner.__all__ == [
        "Done", "Dropped", "Failed", "LedgerError", "Outcome", "PipelineError", "Placement", "Retry", "Row", "RowStep",
        "RunFolderBusy", "RunSummary", "ShardRunnerError", "Source", "Stage", "StageAccount", "StageError", "StageFn",
        "Step", "StepForecast", "TableError", "Task", "TaskContext", "TooManyFailed", "WorkerError", "accounts_to_text",
        "dataset_source", "dry_run", "explain", "file_digest", "forecasts_to_text", "is_transient",
        "iter_table", "read_rows", "read_table", "row_seed", "rows_so_far", "rows_to_dataset", "run", "stage_folder",
        "status", "steps_to_text", "table_source", "write_rows",
    ]  # fmt: skip
