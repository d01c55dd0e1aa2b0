import gzip
import json
import os
import traceback
from pathlib import Path
from typing import Any

import fsspec
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st
from shard_runner import LedgerError, Row, Source, TableError, Task, TaskContext, read_rows, run
from shard_runner.cli.exits import OneLineGroup
from shard_runner.cli.saving import save_command
from shard_runner.sinks import write_rows
from shard_runner.tables import iter_table, read_table

ROWS: list[Row] = [
    {"id": "a/b", "text": "line\nbreak \u2028", "tags": [], "x": 1},
    {"id": "👩‍🚀", "messages": [{"type": "image"}, {"type": "text", "text": "é"}], "x": 2},
    {"id": "new\nline", "text": None, "lone": "\ud83d", "x": 3.5},
    {"id": "nan", "x": float("inf"), "text": "t"},
    {"id": "last", "flag": True, "x": 2**70},
]
FORMS = (".parquet", ".jsonl", ".json", ".jsonl.gz", ".json.gz")


def finished(run_dir: Path, rows: list[Row], shard_size: int = 2) -> Path:
    run([Source(name="rows", rows=lambda: rows)], run_dir, seed=0, shard_size=shard_size)
    return run_dir


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("form", FORMS)
def test_rows_of_all_parts_come_back_from_every_format(tmp_path: Path, memory: MemoryFileSystem, form: str) -> None:
    run_dir = finished(tmp_path / "run", ROWS)
    path = tmp_path / "new" / f"rows{form}"
    assert write_rows(run_dir, "rows", path) == 5
    assert read_table(path) == list(read_rows(run_dir, "rows")) == ROWS
    assert names_in(path.parent) == [path.name]
    assert write_rows(run_dir, "rows", f"memory://out/rows{form}") == 5
    assert list(iter_table(f"memory://out/rows{form}")) == ROWS
    assert memory.ls("/out", detail=False) == [f"/out/rows{form}"]
    assert memory.cat_file(f"/out/rows{form}") == path.read_bytes()
    write_rows(run_dir, "rows", f"file://{tmp_path}/new/again{form}")
    assert names_in(path.parent) == sorted([path.name, f"again{form}"])
    assert (path.parent / f"again{form}").read_bytes() == path.read_bytes()


values = st.sampled_from([None, 1, 2.5, "text", [], ["a"], {}, {"b": None}, True, "1"])
tables = st.lists(st.dictionaries(st.sampled_from("abc"), values, max_size=3), max_size=8)


@given(tables, st.integers(1, 4), st.sampled_from([None, 1, 3]))
@settings(max_examples=15, deadline=None)
def test_parts_of_any_columns_make_one_parquet_table(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], shard_size: int, shard_rows: int | None
) -> None:
    folder = tmp_path_factory.mktemp("export")
    rows = [{"id": f"{position}", **row} for position, row in enumerate(rows)]
    run_dir = finished(folder / "run", rows, shard_size)
    assert write_rows(run_dir, "rows", folder / "out" / "rows.parquet", shard_rows=shard_rows) == len(rows)
    paths = sorted((folder / "out").iterdir())
    made = [row for path in paths for row in read_table(path)]
    assert json.dumps(made, sort_keys=True) == json.dumps(rows, sort_keys=True)
    assert len({pq.read_schema(path).to_string(show_field_metadata=True) for path in paths}) == 1


def test_a_column_of_nulls_in_one_part_and_missing_keys_in_another_keeps_both(tmp_path: Path) -> None:
    rows = [{"id": "a", "x": None}, {"id": "b", "x": "1"}, {"id": "c"}, {"id": "d", "x": "2"}]
    write_rows(finished(tmp_path / "run", rows), "rows", tmp_path / "rows.parquet")
    assert read_table(tmp_path / "rows.parquet") == rows


def test_equal_rows_give_equal_bytes_however_often_they_are_written(tmp_path: Path) -> None:
    run_dir = finished(tmp_path / "run", ROWS)
    for form in FORMS:
        write_rows(run_dir, "rows", tmp_path / f"one{form}")
        write_rows(run_dir, "rows", tmp_path / f"two{form}")
        assert (tmp_path / f"one{form}").read_bytes() == (tmp_path / f"two{form}").read_bytes()


def test_json_lines_keep_letters_readable_and_one_line_a_row(tmp_path: Path) -> None:
    run_dir = finished(tmp_path / "run", [{"id": "é", "t": "a\u2028b\nc"}, {"id": "שלום"}])
    write_rows(run_dir, "rows", tmp_path / "rows.jsonl.gz")
    lines = gzip.decompress((tmp_path / "rows.jsonl.gz").read_bytes()).decode().splitlines()
    assert lines == ['{"id": "\\u00e9", "t": "a\\u2028b\\nc"}', '{"id": "שלום"}']


def test_many_rows_can_go_into_files_of_a_size(tmp_path: Path, memory: MemoryFileSystem) -> None:
    run_dir = finished(tmp_path / "run", ROWS, shard_size=3)
    for target in (f"{tmp_path}/out/rows.jsonl", "memory://out/rows.jsonl"):
        assert write_rows(run_dir, "rows", target, shard_rows=2) == 5
        names = [target.replace("rows.jsonl", f"rows-0000{index}-of-00003.jsonl") for index in range(3)]
        assert [[row["id"] for row in iter_table(name)] for name in names] == [
            ["a/b", "👩‍🚀"],
            ["new\nline", "nan"],
            ["last"],
        ]
        with pytest.raises(TableError, match=r"would mix with another export \(rows-00000-of-00003.jsonl, ...\)"):
            write_rows(run_dir, "rows", target, shard_rows=3)
        assert write_rows(run_dir, "rows", target, shard_rows=2) == 5
    assert len(names_in(tmp_path / "out")) == len(memory.ls("/out")) == 3


@pytest.mark.parametrize("form", FORMS)
def test_a_stage_without_rows_gives_a_table_without_rows(tmp_path: Path, form: str) -> None:
    run_dir = finished(tmp_path / "run", [])
    assert write_rows(run_dir, "rows", tmp_path / f"rows{form}") == 0
    assert write_rows(run_dir, "rows", tmp_path / f"some{form}", shard_rows=4) == 0
    assert read_table(tmp_path / f"rows{form}") == read_table(tmp_path / f"some-00000-of-00001{form}") == []


def test_rows_of_10_mb_are_exported(tmp_path: Path) -> None:
    run_dir = finished(tmp_path / "run", [{"id": name, "text": name * 10_000_000} for name in "ab"], 1)
    for form in (".parquet", ".jsonl"):
        write_rows(run_dir, "rows", tmp_path / f"rows{form}")
        assert [len(row["text"]) for row in iter_table(tmp_path / f"rows{form}")] == [10_000_000] * 2


def test_after_an_error_the_target_is_as_it_was_and_nothing_is_left(tmp_path: Path, memory: MemoryFileSystem) -> None:
    run_dir = finished(tmp_path / "run", ROWS)
    (tmp_path / "out").mkdir()
    for target in (f"{tmp_path}/out/rows.jsonl", "memory://out/rows.jsonl"):
        write_rows(run_dir, "rows", target)
    (run_dir / "rows" / "part-00002.parquet").write_bytes(b"PAR1")
    for target in (f"{tmp_path}/out/rows.jsonl", "memory://out/rows.jsonl", f"{tmp_path}/out/new.parquet"):
        with pytest.raises(
            LedgerError, match=r"part-00002.parquet is damaged \(.*\); delete it and run the pipeline again"
        ):
            write_rows(run_dir, "rows", target)
    assert names_in(tmp_path / "out") == ["rows.jsonl"]
    assert memory.ls("/out", detail=False) == ["/out/rows.jsonl"]
    assert read_table(tmp_path / "out" / "rows.jsonl") == list(iter_table("memory://out/rows.jsonl")) == ROWS


def test_a_part_with_fewer_rows_than_its_record_is_never_exported(tmp_path: Path) -> None:
    run_dir = finished(tmp_path / "run", ROWS)
    part = run_dir / "rows" / "part-00001.parquet"
    pq.write_table(pq.read_table(part).slice(0, 1), part)
    with pytest.raises(
        LedgerError, match=r"part-00001.parquet is damaged \(it holds 1 rows, its record says 2\); delete it"
    ):
        write_rows(run_dir, "rows", tmp_path / "rows.jsonl")
    assert not (tmp_path / "rows.jsonl").exists()


def test_a_stage_that_a_run_replaces_meanwhile_is_not_mixed(tmp_path: Path, memory: MemoryFileSystem) -> None:
    run_dir = finished(tmp_path / "run", ROWS)

    class Racing(MemoryFileSystem):
        protocol = "racing"

        def _open(self, path: str, *args: Any, **named: Any) -> Any:
            finished(run_dir, [*ROWS[:-1], {"id": "other"}])
            return super()._open(path, *args, **named)

    fsspec.register_implementation("racing", Racing, clobber=True)
    with pytest.raises(LedgerError, match="was replaced by a run while it was read; do it again"):
        write_rows(run_dir, "rows", "racing://out/rows.jsonl")
    assert not any("rows" in path for path in Racing.store)


class Full(MemoryFileSystem):
    protocol = "full"

    def _open(self, path: str, mode: str = "rb", **named: Any) -> Any:
        return FullFile(self, path) if mode == "wb" else super()._open(path, mode, **named)


class FullFile(MemoryFile):
    def write(self, data: Any) -> int:
        raise RuntimeError("full://ann:se/cr@et@host says: quota of ann:se/cr@et is used up (se/cr@et)")


def test_a_store_that_refuses_is_quoted_without_the_keys_of_its_uri(tmp_path: Path, memory: MemoryFileSystem) -> None:
    fsspec.register_implementation("full", Full, clobber=True)
    run_dir = finished(tmp_path / "run", ROWS)
    uri = "full://ann:se/cr@et@host/rows.jsonl"
    with pytest.raises(TableError, match=r"^full://\*\*\*@host/rows.jsonl can't be written: .*quota of \*") as caught:
        write_rows(run_dir, "rows", uri)
    assert "cr@et" not in "".join(traceback.format_exception(caught.value))
    assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    run_dir = finished(tmp_path / "run", [{"id": "a", "text": "x" * 3_000_000}])
    out = tmp_path / "out"
    out.mkdir()
    if os.geteuid() or os.system(f"mount -t tmpfs -o size=1m tmpfs {out} 2>/dev/null"):
        pytest.skip("mounting a small disk needs root")
    try:
        with pytest.raises(TableError, match=r"rows.jsonl can't be written: No space left on device"):
            write_rows(run_dir, "rows", out / "rows.jsonl")
        assert names_in(out) == []
    finally:
        os.system(f"umount {out}")


def test_targets_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    run_dir = finished(tmp_path / "run", ROWS)
    (tmp_path / "file").touch()
    for target, message in (
        (tmp_path / "rows.csv", r"must end in \.parquet"),
        (run_dir / "rows" / "part-00000.parquet", "which belongs to a run; choose another place"),
        (run_dir / "rows" / "new" / "rows.jsonl", "which belongs to a run; choose another place"),
        ("memory://out/*.jsonl", "must be the name of one file; got a pattern"),
        (tmp_path / "file" / "rows.jsonl", "can't be written: (Not a directory|File exists)"),
        ("nostore://out/rows.jsonl", "nostore://out/rows.jsonl can't be reached: Protocol not known"),
    ):
        with pytest.raises(TableError, match=message):
            write_rows(run_dir, "rows", target)
    with pytest.raises(TableError, match="shard_rows must be at least 1; got 0"):
        write_rows(run_dir, "rows", tmp_path / "rows.jsonl", shard_rows=0)
    with pytest.raises(LedgerError, match="has no finished rows of 'other'"):
        write_rows(run_dir, "other", tmp_path / "rows.jsonl")


def test_a_finished_task_s_folder_is_the_run_s_and_a_task_at_work_may_export_into_its_own(tmp_path: Path) -> None:
    run_dir, mine = tmp_path / "run", tmp_path / "mine"

    def work(context: TaskContext) -> None:
        write_rows(run_dir, "rows", context.folder / "rows.jsonl")

    run([Source(name="rows", rows=lambda: ROWS), Task(name="report", run=work)], run_dir, seed=0)
    assert read_table(run_dir / "report" / "rows.jsonl") == ROWS
    with pytest.raises(TableError, match=r"lies in .*report, which belongs to a run; choose another place"):
        write_rows(run_dir, "rows", run_dir / "report" / "more.jsonl")
    mine.mkdir()
    (mine / "task.json").write_text("somebody else's")
    assert write_rows(run_dir, "rows", mine / "deep" / "rows.jsonl") == 5


def test_the_save_command_says_how_many_rows_went_where(tmp_path: Path) -> None:
    run_dir = finished(tmp_path / "run", ROWS)
    group = OneLineGroup("app")
    group.add_command(save_command())
    out = CliRunner().invoke(group, ["save", str(run_dir), "rows", f"{tmp_path}/rows.jsonl"])
    assert (out.exit_code, out.output) == (0, f"5 rows of rows -> {tmp_path}/rows.jsonl\n")
    assert read_table(tmp_path / "rows.jsonl") == ROWS
    out = CliRunner().invoke(group, ["save", str(run_dir), "rows", f"{tmp_path}/few.json", "--shard-rows", "4"])
    assert names_in(tmp_path) == ["few-00000-of-00002.json", "few-00001-of-00002.json", "rows.jsonl", "run"]
    out = CliRunner().invoke(group, ["save", str(run_dir), "rows", "ftp://ann:secret@/x.csv"])
    assert out.exit_code == 1
    assert out.output.startswith("error: ftp://***@/x.csv must end in .parquet")
