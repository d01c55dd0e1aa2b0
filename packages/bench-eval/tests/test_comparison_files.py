"""Comparisons that are saved, loaded and printed."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from bench_eval import (
    BenchEvalError,
    Comparison,
    FileError,
    Interval,
    compare,
    comparisons_to_markdown,
    comparisons_to_text,
    load_comparisons,
    markdown_table,
    save_comparisons,
    text_table,
)
from hypothesis import given
from hypothesis import strategies as st


def compared(right: int = 6, task: str = "colour") -> Comparison:
    old = [{"id": str(i), "trials": [{"score": float(i < right)}]} for i in range(20)]
    new = [{"id": str(i), "trials": [{"score": 1.0}]} for i in range(20)]
    return compare(old, new, task=task, draws=200)


def test_comparisons_come_back_as_they_were_saved(tmp_path: Path) -> None:
    comparisons = [compared(), compared(20, task="צבע 🦆 \ud800")]
    path = save_comparisons(iter(comparisons), tmp_path / "made" / "comparison.json")
    assert load_comparisons(path) == comparisons
    assert isinstance(load_comparisons(str(path))[0].before_interval, Interval)
    assert path.read_bytes() == (json.dumps([asdict(one) for one in comparisons], indent=1) + "\n").encode()
    assert list(path.parent.iterdir()) == [path]


def test_before_a_comparison_is_saved_there_is_none(tmp_path: Path) -> None:
    assert load_comparisons(tmp_path / "no-such-folder" / "comparison.json") == []
    assert load_comparisons(save_comparisons([], tmp_path / "empty.json")) == []


def test_a_save_that_fails_leaves_the_older_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_comparisons([compared()], tmp_path / "comparison.json")

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        save_comparisons([], path)
    assert list(tmp_path.iterdir()) == [path]
    assert load_comparisons(path) == [compared()]


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda line: line.pop("p"), r"c.json, item 1 must have the fields task, n, .*unscored; got task, n,"),
        (lambda line: line.update(extra=1), r"item 1 must have the fields .*extra\."),
        (lambda line: line.update(n=2.5), r"item 1: n must be a whole number; got 2.5\."),
        (lambda line: line.update(before="0.5"), r"item 1: before must be a number; got '0.5'\."),
        (lambda line: line.update(task=None), r"item 1: task must be text; got None\."),
        (lambda line: line.update(interval=[0.1]), r"item 1: interval must be two numbers; got \[0.1\]\."),
        (lambda line: line.update(interval=[0.1, None]), r"interval must be two numbers; got \[0.1, None\]\."),
        (lambda line: line.update(test="t-test"), r"test must be .*'sign-flip'\]; got 't-test'\."),
    ],
)
def test_an_item_that_is_no_comparison_is_named(tmp_path: Path, change: Change, text: str) -> None:
    lines = [asdict(compared()), asdict(compared())]
    change(lines[1])
    path = tmp_path / "c.json"
    path.write_text(json.dumps(lines))
    with pytest.raises(FileError, match=text):
        load_comparisons(path)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "cannot be read: Expecting value"),
        (b"\xff\xfe\x00", "cannot be read: 'utf-8' codec"),
        (b"[" * 200_000, "cannot be read"),
        (b"{}", r"c\.json must hold a list; got dict\."),
        (b"[7]", r"item 0 must have the fields .*; got int\."),
    ],
)
def test_a_torn_or_foreign_file_is_an_error(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(content)
    with pytest.raises(FileError, match=text):
        load_comparisons(path)


def test_every_torn_end_of_a_file_is_noticed(tmp_path: Path) -> None:
    path = save_comparisons([compared()], tmp_path / "c.json")
    whole = path.read_bytes()
    for end in range(len(whole) - 1):  # the last byte is the line's end
        path.write_bytes(whole[:end])
        with pytest.raises(BenchEvalError, match="cannot be read"):
            load_comparisons(path)


def test_a_folder_in_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        load_comparisons(tmp_path)


def test_the_text_table_has_a_line_for_each_task() -> None:
    lines = comparisons_to_text([compared(), compared(20, task="a longer name")]).splitlines()
    assert lines[0] == "held-out        n  before  after  change   95 % interval        p"
    assert lines[2] == "a longer name  20   100.0  100.0    +0.0    +0.0 to +0.0    1.000"
    assert lines[1].startswith("colour         20    30.0  100.0   +70.0  +")
    assert comparisons_to_text([], label="pairs") == "pairs  n  before  after  change  95 % interval  p"


def test_text_and_markdown_say_the_same() -> None:
    result = compared()
    text = comparisons_to_text([result]).splitlines()[1].split()
    markdown = comparisons_to_markdown([result]).splitlines()[2].replace("|", " ").split()
    assert [*text, "0"] == markdown


@given(st.lists(st.tuples(*[st.text("ab", max_size=5)] * 3), min_size=1, max_size=4))
def test_columns_of_a_text_table_stand_under_each_other(rows: list[tuple[str, str, str]]) -> None:
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    for row, line in zip(rows, text_table(rows).split("\n"), strict=True):
        padded = line.ljust(sum(widths) + 4)
        assert padded[: widths[0]].rstrip() == row[0]
        assert padded[widths[0] + 2 : widths[0] + 2 + widths[1]].lstrip() == row[1]
        assert padded[widths[0] + widths[1] + 4 :].strip() == row[2]


@pytest.mark.parametrize("table", [text_table, markdown_table])
@pytest.mark.parametrize(
    ("rows", "counts"),
    [([], r"\[\]"), ([()], r"\[0\]"), ([("a", "b"), ("c",)], r"\[1, 2\]"), ([("a",), ()], r"\[0, 1\]")],
)
def test_uneven_rows_are_no_table(table: Callable[[Any], str], rows: Any, counts: str) -> None:
    with pytest.raises(BenchEvalError, match=rf"rows of as many cells; got rows with {counts} cells"):
        table(rows)
