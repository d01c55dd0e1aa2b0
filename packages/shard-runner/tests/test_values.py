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
from shard_runner import TableError, read_table
from shard_runner.columns import common_column, rows_to_table, table_to_rows
from shard_runner.content import Content
from shard_runner.disk import write_table
from shard_runner.errors import LedgerError
from shard_runner.journal import Journal, read_journal
from shard_runner.outcomes import Verdict
from shard_runner.plain import to_json

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
    assert Content.of_rows(rows) == Content.of_rows(rows[:cut]) + Content.of_rows(rows[cut:])
    texts = [exactly(row) for row in rows]
    if texts != texts[::-1]:
        assert Content.of_rows(rows) != Content.of_rows(rows[::-1])


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


def test_a_journal_cut_at_any_byte_of_its_last_record_keeps_the_records_before(tmp_path: Path) -> None:
    path = tmp_path / "part.jsonl"
    verdicts = [
        {"k1": Verdict("done", [{"id": "a", "text": "line\nbreak \u2028 \r"}])},
        {"k2": Verdict("dropped", [], "r", "d")},
    ]
    with Journal(path) as journal:
        for record in verdicts:
            journal.append(record)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        with Journal(path) as journal:
            assert journal.verdicts == verdicts[0]
            journal.append(verdicts[1])
        assert path.read_bytes() == whole
    assert read_journal(path) == (verdicts[0] | verdicts[1], len(whole))


def test_a_journal_damaged_before_its_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "part.jsonl"
    path.write_bytes(b'{"k": ["do\n{}\n')
    with pytest.raises(LedgerError, match="is damaged at line 1 of 2; delete the file to redo its shard"):
        read_journal(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("cut.json", '[{"a": 1}, {"a"', r"is truncated: it ends inside a value \(line 1"),
        ("cut.jsonl", '{"a": 1}\n{"a": "x', r"is truncated: it ends inside a value \(line 2"),
        ("bad.jsonl", '{"a": 1}\n{"a" 2}\n{"a": 3}', r"is not valid JSON: Expecting ':' delimiter \(line 2"),
        ("one.json", '{"a": 1}', "must hold a list of objects; got dict"),
        ("mixed.json", '[{"a": 1}, 2]', "must hold a list of objects; item 1 is int"),
        ("empty.json", "", "is truncated"),
        ("cut.parquet", "PAR1", "is not a whole Parquet file"),
        ("rows.csv", "a,b", r"must end in \.parquet, \.json, \.jsonl"),
        ("latin.json", "[]\udcff", r"is not UTF-8 text \(byte 2\)"),
    ],
)
def test_a_file_that_is_no_whole_table_is_refused_by_name(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_tables_are_read_from_parquet_json_and_json_lines(tmp_path: Path) -> None:
    rows = [{"id": "a", "tags": []}, {"id": "b"}]
    write_table(tmp_path / "rows.parquet", rows_to_table(rows))
    (tmp_path / "rows.json").write_text("\ufeff" + json.dumps(rows), encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    for name in ("rows.parquet", "rows.json", "rows.jsonl"):
        assert read_table(tmp_path / name) == rows
    with pytest.raises(TableError, match="can't be read: No such file"):
        read_table(tmp_path / "none.json")


def test_examples_in_docstrings_hold() -> None:
    modules = [info.name for info in pkgutil.walk_packages(shard_runner.__path__, "shard_runner.")]
    results = [doctest.testmod(importlib.import_module(name)) for name in modules]
    assert sum(result.attempted for result in results) >= 10
    assert sum(result.failed for result in results) == 0


def test_the_public_names_are_these() -> None:
    assert sorted(shard_runner.__all__) == shard_runner.__all__
    assert shard_runner.__all__ == [
        "Dropped", "Failed", "LedgerError", "Outcome", "PipelineError", "Row", "RowStep", "RunFolderBusy", "RunSummary",
        "ShardRunnerError", "Source", "Stage", "StageAccount", "StageError", "StageFn", "Step", "TableError", "Task",
        "TaskContext", "TooManyFailed", "accounts_to_text", "explain", "read_rows", "read_table", "row_seed", "run",
        "stage_folder", "status", "steps_to_text",
    ]  # fmt: skip
