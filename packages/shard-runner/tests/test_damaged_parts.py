"""Parts of a finished stage in which a bit flipped, which are missing, or which can't be read."""

import errno
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from shard_runner import LedgerError, Outcome, Row, Source, Stage, read_rows, run, stage_folder, write_rows
from shard_runner import folder as folder_module
from shard_runner.columns import rows_to_table
from shard_runner.disk import write_table
from shard_runner.folder import part_path, read_parquet
from shard_runner.part_tables import Parts, common_schema

from .run_files import run_files

ROWS: list[Row] = [{"id": f"r{i}", "x": i * i, "text": f"text number {7919 * i}"} for i in range(12)]
READERS: dict[str, Callable[[Path], object]] = {
    "rows": lambda run_dir: list(read_rows(run_dir, "work")),
    "JSON lines": lambda run_dir: write_rows(run_dir, "work", run_dir.parent / "rows.jsonl"),
    "Parquet": lambda run_dir: write_rows(run_dir, "work", run_dir.parent / "rows.parquet"),
}


def finish(run_dir: Path, seen: list[str] | None = None) -> None:
    def work(rows: list[Row]) -> list[Outcome]:
        if seen is not None:
            seen.extend(row["id"] for row in rows)
        return [[row] for row in rows]

    steps = [Source(name="source", rows=lambda: ROWS), Stage(name="work", make=lambda: work)]
    run(steps, run_dir, seed=0, shard_size=4)


def flip_bit(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << at % 8
    path.write_bytes(data)


def pages_of(path: Path) -> range:
    """Return where a Parquet file holds its pages: between the mark at its start and its metadata."""
    with path.open("rb") as file:
        file.seek(-8, 2)
        return range(4, path.stat().st_size - 8 - int.from_bytes(file.read(4), "little"))


def test_no_bit_that_flips_in_a_page_changes_a_row(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    write_table(path, rows_to_table(ROWS))
    whole, told = path.read_bytes(), list[str]()
    for at in random.Random(0).sample(pages_of(path), 300):
        flip_bit(path, at)
        try:
            assert read_parquet(path) == ROWS, at  # in a page's statistics, which nobody reads
        except LedgerError as error:
            told.append(str(error))
        path.write_bytes(whole)
    assert len(told) > 200
    assert all(text.startswith(f"{path} is damaged (") for text in told)


@pytest.mark.parametrize("reader", READERS)
def test_a_part_with_a_flipped_bit_is_named_and_once_deleted_made_again(tmp_path: Path, reader: str) -> None:
    run_dir, seen = tmp_path / "run", list[str]()
    finish(run_dir)
    whole = run_files(run_dir, had_workers=True)
    part = part_path(stage_folder(run_dir, "work"), 1)
    column = pq.read_metadata(part).row_group(0).column(2)
    flip_bit(part, column.data_page_offset + column.total_compressed_size // 2)
    for _ in range(2):
        with pytest.raises(LedgerError) as told:
            READERS[reader](run_dir)
        assert str(told.value).startswith(f"{part} is damaged (")
        assert "; delete it and run the pipeline again: only what it stands for" in str(told.value)
        finish(run_dir, seen)  # takes the stage for finished: deleting the part is no idle advice
        assert seen == []
    part.unlink()
    finish(run_dir, seen)
    assert seen == ["r4", "r5", "r6", "r7"]
    assert run_files(run_dir, had_workers=True) == whole
    READERS[reader](run_dir)


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_part_is_named_and_the_next_run_makes_it_again(tmp_path: Path, reader: str) -> None:
    run_dir, seen = tmp_path / "run", list[str]()
    finish(run_dir)
    part = part_path(stage_folder(run_dir, "work"), 2)
    part.unlink()
    with pytest.raises(LedgerError) as told:
        READERS[reader](run_dir)
    assert str(told.value) == f"{part} is missing; run the pipeline again: only what it stands for is worked on again"
    finish(run_dir, seen)
    assert seen == ["r8", "r9", "r10", "r11"]
    READERS[reader](run_dir)


@pytest.mark.parametrize("reader", READERS)
def test_a_part_that_may_not_be_read_is_not_blamed_on_the_file_that_is_written(
    tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(tmp_path / "run")

    def refuse(path: Path, *columns: object) -> object:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(folder_module, "load_table", refuse)
    monkeypatch.setattr("shard_runner.part_tables.load_table", refuse)
    with pytest.raises(LedgerError, match=r"work/part-00000\.parquet can't be read: Permission denied$"):
        READERS[reader](tmp_path / "run")


def test_a_part_that_a_run_replaces_while_the_parts_are_read_is_called_replaced(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    for before, after in (
        ([{"id": "a", "x": 1}] * 2, [{"id": "a", "y": 1}]),
        ([{"id": "a", "x": 1}], [{"id": "a", "x": "text"}]),
        ([{"id": "a"}, {"id": "b"}], [{"id": "a"}]),
    ):
        run([Source(name="rows", rows=lambda rows=before: rows)], run_dir, seed=0, shard_size=1)
        parts = Parts.of(run_dir, "rows")
        tables = parts.tables(common_schema(parts))
        run([Source(name="rows", rows=lambda rows=after: rows)], run_dir, seed=0, shard_size=1)
        with pytest.raises(LedgerError, match="rows was replaced by a run while it was read; do it again"):
            list(tables)
