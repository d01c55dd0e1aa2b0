import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shard_runner import Outcome, Row, Source, Stage, TableError, read_rows, run
from shard_runner.columns import rows_to_table
from shard_runner.disk import write_table
from shard_runner.table_sources import table_source
from shard_runner.tables import iter_table

ROWS = [{"id": "a/b", "x": 1}, {"id": "👩‍🚀", "x": 2}, {"id": "new\nline", "x": 3}]


def json_lines(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def fingerprint_of(source: Source) -> str:
    assert source.fingerprint is not None
    return source.fingerprint()


def test_files_follow_each_other_in_the_order_given_and_patterns_are_sorted(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        json_lines(tmp_path / f"{name}.jsonl", [{"id": f"{name}{k}"} for k in range(2)])
    write_table(tmp_path / "z.parquet", rows_to_table([{"id": "z0"}]))
    ids = [row["id"] for row in table_source("rows", [tmp_path / "z.parquet", f"{tmp_path}/*.jsonl"]).rows()]
    assert ids == ["z0", "a0", "a1", "b0", "b1", "c0", "c1"]
    (tmp_path / "deep").mkdir()
    json_lines(tmp_path / "deep" / "d.jsonl", [{"id": "d0"}])
    assert [row["id"] for row in table_source("rows", f"{tmp_path}/**/d*.jsonl").rows()] == ["d0"]


def test_a_file_whose_name_looks_like_a_pattern_is_read(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "rows[1].jsonl", ROWS)
    assert list(table_source("rows", path).rows()) == ROWS


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ("none.jsonl", "none.jsonl can't be read: No such file"),
        ("none*.jsonl", r"none\*.jsonl can't be read: No such file"),
        ("", r"is a folder; name a file, or a pattern such as .*/\*.parquet"),
        ("rows.csv", r"must end in \.parquet"),
    ],
)
def test_what_can_not_be_read_is_refused_before_any_work(tmp_path: Path, files: str, message: str) -> None:
    (tmp_path / "rows.csv").write_text("id\n1\n")
    with pytest.raises(TableError, match=message):
        table_source("rows", [json_lines(tmp_path / "ok.jsonl", ROWS), tmp_path / files])


def test_no_files_are_refused() -> None:
    with pytest.raises(TableError, match="needs at least one file; got none"):
        table_source("rows", [])


def test_another_column_is_copied_to_the_id_as_text(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "rows.jsonl", [{"key": 7, "id": "old"}, {"key": "x"}, {"id": "old"}, {"key": True}])
    assert [row["id"] for row in table_source("rows", path, id_column="key").rows()] == ["7", "x", None, True]
    path = json_lines(tmp_path / "rows.jsonl", [{"id": 7}, {"x": 1}])
    assert list(table_source("rows", path).rows()) == [{"id": "7"}, {"x": 1}]


def test_ids_can_be_made_from_stem_and_position(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "train.v1.jsonl", [{"x": 1}, {"x": 2, "id": "old"}])
    assert [row["id"] for row in table_source("rows", path, id_column=None).rows()] == ["train.v1-0", "train.v1-1"]
    (tmp_path / "other").mkdir()
    twin = json_lines(tmp_path / "other" / "train.v1.jsonl", [{"x": 3}])
    with pytest.raises(TableError, match=r"ids made of file stems would clash: .*train.v1.jsonl and .*other"):
        table_source("rows", [path, twin], id_column=None)


def test_the_fingerprint_follows_bytes_format_and_order_but_not_the_folder(tmp_path: Path) -> None:
    first, second = json_lines(tmp_path / "a.jsonl", ROWS[:1]), json_lines(tmp_path / "b.jsonl", ROWS[1:])
    known = fingerprint_of(table_source("rows", [first, second]))
    assert fingerprint_of(table_source("rows", f"{tmp_path}/*.jsonl")) == known
    assert fingerprint_of(table_source("rows", [second, first])) != known
    assert fingerprint_of(table_source("rows", [first])) != known
    (tmp_path / "moved").mkdir()
    moved = [path.rename(tmp_path / "moved" / f"new-{path.name}") for path in (first, second)]
    source = table_source("rows", moved)
    assert fingerprint_of(source) == known
    by_stem = fingerprint_of(table_source("rows", moved, id_column=None))
    renamed = moved[0].rename(tmp_path / "renamed.jsonl")
    assert fingerprint_of(table_source("rows", [renamed, moved[1]], id_column=None)) != by_stem
    json_lines(moved[1], [*ROWS[1:], {"id": "more"}])
    assert fingerprint_of(table_source("rows", [renamed, moved[1]])) != known


def test_a_pattern_that_has_grown_is_read_anew(tmp_path: Path) -> None:
    json_lines(tmp_path / "a.jsonl", ROWS[:1])
    source = table_source("rows", f"{tmp_path}/*.jsonl")
    known = fingerprint_of(source)
    json_lines(tmp_path / "b.jsonl", ROWS[1:])
    assert list(source.rows()) == ROWS
    assert fingerprint_of(source) != known


def test_a_run_accounts_for_strange_and_repeated_ids_across_files(tmp_path: Path) -> None:
    rows: list[Row] = [*ROWS, {"id": ""}, {"x": 9}, {"id": 1.5}]
    json_lines(tmp_path / "a.jsonl", rows)
    json_lines(tmp_path / "b.jsonl", [{"id": "a/b", "x": 5}, {"id": "last", "x": 6}])

    def make() -> Any:
        return lambda batch: [[row] for row in batch]

    pipeline = [table_source("rows", f"{tmp_path}/*.jsonl"), Stage(name="same", make=make)]
    account = run(pipeline, tmp_path / "run", seed=0).accounts[0]
    assert (account.rows_in, account.done) == (8, 4)
    assert (account.dropped, account.failed) == ({"duplicate_id": 1}, {"missing_id": 3})
    assert list(read_rows(tmp_path / "run", "same")) == [*ROWS, {"id": "last", "x": 6}]


def test_an_unchanged_input_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = json_lines(tmp_path / "a.jsonl", ROWS)
    reads: list[str] = []

    def counted(file: Any) -> Iterator[Row]:
        reads.append(file.name)
        return iter_table(file)

    monkeypatch.setattr("shard_runner.table_sources.iter_table", counted)
    for _ in range(2):
        run([table_source("rows", f"{tmp_path}/*.jsonl")], tmp_path / "run", seed=0)
    assert reads == ["a.jsonl"]
    path.rename(tmp_path / "b.jsonl")
    run([table_source("rows", f"{tmp_path}/*.jsonl")], tmp_path / "run", seed=0)
    assert reads == ["a.jsonl"]
    json_lines(tmp_path / "b.jsonl", ROWS[:2])
    run([table_source("rows", f"{tmp_path}/*.jsonl")], tmp_path / "run", seed=0)
    assert reads == ["a.jsonl", "b.jsonl"]
    assert list(read_rows(tmp_path / "run", "rows")) == ROWS[:2]


def test_a_file_read_another_way_is_read_again_and_what_was_made_of_it_made_again(tmp_path: Path) -> None:
    path, seen = json_lines(tmp_path / "a.jsonl", ROWS), list[str]()

    def work(rows: list[Row]) -> list[Outcome]:
        seen.extend(row["id"] for row in rows)
        return [[row] for row in rows]

    for config, times in ((None, 1), ({"crop": 1}, 2), ({"crop": 1}, 2), ({"crop": 2}, 3)):
        source = table_source("rows", path, config=config)
        assert source.config == {**(config or {}), "id_column": "id"}
        run([source, Stage(name="work", make=lambda: work)], tmp_path / "run", seed=0)
        assert seen == [row["id"] for row in ROWS] * times


def test_a_file_that_breaks_off_stops_the_run_and_names_the_place(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "a.jsonl", ROWS)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(TableError, match=r"a.jsonl is truncated: it ends inside a value \(line 3"):
        run([table_source("rows", path)], tmp_path / "run", seed=0)
    json_lines(path, ROWS)
    run([table_source("rows", path)], tmp_path / "run", seed=0)
    assert list(read_rows(tmp_path / "run", "rows")) == ROWS
