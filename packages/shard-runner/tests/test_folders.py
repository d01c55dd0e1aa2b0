"""What a run leaves alone, what it deletes, and what its files say however it came to them."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from shard_runner import (
    LedgerError,
    Outcome,
    PipelineError,
    Row,
    Source,
    Stage,
    Task,
    TaskContext,
    TooManyFailed,
    read_rows,
    run,
    stage_folder,
    status,
)
from shard_runner import record as record_module
from shard_runner.disk import remove_folder
from shard_runner.folder import building_folder

from .run_files import run_files


@pytest.fixture(autouse=True)
def fast_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power cut comes: no wait for the disk, and none for `git`."""
    monkeypatch.setattr(record_module, "_git_revision", lambda: None)
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def numbers(count: int) -> Source:
    return Source(name="numbers", rows=lambda: [{"id": f"n{i}", "x": i} for i in range(count)])


def each(function: Callable[[Row], Outcome], batch_size: int = 16) -> Stage:
    return Stage(name="work", make=lambda: lambda rows: [function(row) for row in rows], batch_size=batch_size)


def put(path: Path, text: str = "precious") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# folders of somebody else


@pytest.mark.parametrize(
    "place",
    [
        "images/precious.png",
        "images.next/precious.png",
        "images.old-1/precious.png",
        "images/part-00000.parquet",
        "images/part-00000.jsonl",
        "images/ledger/00000.parquet",
        "model/weights",
        "images",
    ],
)
def test_a_step_never_takes_a_folder_that_is_not_its_own(tmp_path: Path, place: str) -> None:
    precious = put(tmp_path / place)
    seen: list[str] = []
    steps = [
        Source(name="images", rows=lambda: seen.append("read") or []),
        Task(name="model", run=lambda context: None),
    ]
    folder = tmp_path / place.split("/")[0]
    with pytest.raises(PipelineError) as told:
        run(steps, tmp_path, seed=0)
    text = f"{folder} is not a step's folder: it holds other files; choose another run folder, or another name"
    assert str(told.value) == text
    assert (precious.read_text(), seen) == ("precious", [])
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, ".lock"}


def test_other_folders_beside_the_steps_and_empty_ones_are_no_hindrance(tmp_path: Path) -> None:
    kept = [put(tmp_path / place) for place in ("notes/a.txt", "numbers.old-draft/a.txt", ".numbers.gone/a.txt")]
    (tmp_path / "numbers").mkdir()
    for count in (2, 3):
        run([numbers(count)], tmp_path, seed=0)
    assert len(list(read_rows(tmp_path, "numbers"))) == 3
    assert all(path.read_text() == "precious" for path in kept)


def test_a_step_that_changes_its_kind_takes_its_own_folder(tmp_path: Path) -> None:
    for step in (each(lambda row: [row]), Task(name="work", run=lambda context: None), each(lambda row: [row])):
        run([numbers(2), step], tmp_path, seed=0)
    assert len(list(read_rows(tmp_path, "work"))) == 2


@pytest.mark.parametrize("record", ["numbers/stage.json", "work.next/plan.json"])
def test_a_folder_whose_record_was_deleted_is_still_known_by_its_shards(tmp_path: Path, record: str) -> None:
    def stop(row: Row) -> Outcome:
        if row["x"] == 1:
            raise KeyboardInterrupt
        return [row]

    with pytest.raises(KeyboardInterrupt):
        run([numbers(3), each(stop, batch_size=1)], tmp_path, seed=0)
    (tmp_path / record).unlink()
    run([numbers(3), each(lambda row: [row], batch_size=1)], tmp_path, seed=0)
    assert len(list(read_rows(tmp_path, "work"))) == 3


# deletions


class Killed(BaseException):
    pass


@contextmanager
def deleted_by(delete: Callable[[Path], object]) -> Generator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shutil, "rmtree", delete)
        yield


def test_a_killed_deletion_leaves_no_folder_of_that_name_and_the_next_run_ends_it(tmp_path: Path) -> None:
    def dies(folder: Path) -> None:
        (folder / "stage.json").unlink()
        raise Killed

    run([numbers(2)], tmp_path, seed=0)
    with deleted_by(dies), pytest.raises(Killed):
        remove_folder(stage_folder(tmp_path, "numbers"))
    (left,) = tmp_path.glob(".*.gone-*")
    assert (left / "part-00000.parquet").exists()
    assert not (tmp_path / "numbers").exists()
    with pytest.raises(LedgerError, match=r"no finished rows of 'numbers' \(finished: none\)"):
        read_rows(tmp_path, "numbers")
    run([numbers(2)], tmp_path, seed=0)
    run([numbers(2)], tmp_path / "fresh", seed=0)
    assert run_files(tmp_path / "fresh", had_workers=True) == {
        name: data for name, data in run_files(tmp_path, had_workers=True).items() if not name.startswith("fresh")
    }


def test_a_task_whose_emptying_was_killed_starts_in_an_empty_folder(tmp_path: Path) -> None:
    found: list[set[str]] = []

    def train(context: TaskContext) -> None:
        found.append({path.name for path in context.folder.iterdir()})
        put(context.folder / "weights")
        put(context.folder / "log")

    delete = shutil.rmtree

    def dies(folder: Path) -> None:
        if not folder.name.startswith(".train."):
            return delete(folder)
        (folder / "task.json").unlink()
        (folder / "weights").unlink()
        raise Killed

    def task(lr: float) -> Task:
        return Task(name="train", run=train, config={"lr": lr})

    run([numbers(1), task(1)], tmp_path, seed=0)
    with deleted_by(dies), pytest.raises(Killed):
        run([numbers(1), task(2)], tmp_path, seed=0)
    run([numbers(1), task(1)], tmp_path, seed=0)  # the old fingerprint: half of its files must not be taken for it
    assert found == [{"task.json"}, {"task.json"}]
    assert {path.name for path in (tmp_path / "train").iterdir()} == {"task.json", "weights", "log"}
    assert not list(tmp_path.glob(".*.gone-*"))


def test_a_stage_s_link_to_another_disk_is_cut_and_what_it_leads_to_is_kept(tmp_path: Path) -> None:
    run_dir, away = tmp_path / "run", tmp_path / "away"
    run([numbers(2)], run_dir, seed=0)
    (run_dir / "numbers").rename(away)
    (run_dir / "numbers").symlink_to(away)
    run([numbers(3)], run_dir, seed=0)
    assert (len(list(read_rows(run_dir, "numbers"))), (run_dir / "numbers").is_symlink()) == (3, False)
    assert (away / "stage.json").exists()
    assert not list(run_dir.glob(".*.gone-*"))


# the same bytes


VALUES: dict[str, Callable[[Row], Row]] = {
    "a column more": lambda row: {**row, "b": "b"} if row["x"] == 3 else row,
    "a column before": lambda row: {"b": [row["x"]], **row} if row["x"] >= 2 else row,
    "null to text": lambda row: {**row, "b": "text" if row["x"] == 3 else None},
    "list to JSON": lambda row: {**row, "b": "text" if row["x"] == 3 else [{"k": row["x"], "a": None}]},
    "numbers to JSON": lambda row: {**row, "b": 0.5 if row["x"] == 3 else row["x"]},
    "absent and None": lambda row: {**row, "b": None} if row["x"] in (0, 3) else row,
    "dicts to JSON": lambda row: {**row, "b": {"y": 1, "a": 2.0} if row["x"] < 3 else {"a": 1.5, "y": 2}},
}


@pytest.mark.parametrize("values", VALUES)
def test_files_are_those_of_a_fresh_run_whatever_the_neighbours_were_before(tmp_path: Path, values: str) -> None:
    stage = each(lambda row: [VALUES[values](row)])
    for count in (4, 2, 3, 4, 6, 1, 4):
        run([numbers(count), stage], tmp_path / "run", seed=0, shard_size=2)
        run([numbers(count), stage], tmp_path / f"fresh-{count}", seed=0, shard_size=2)
        assert run_files(tmp_path / "run", had_workers=True) == run_files(
            tmp_path / f"fresh-{count}", had_workers=True
        ), count
        assert list(read_rows(tmp_path / "run", "work")) == [
            VALUES[values]({"id": f"n{i}", "x": i}) for i in range(count)
        ]


# sources that are refused


def test_a_refused_source_never_replaces_the_good_one(tmp_path: Path) -> None:
    rows: list[Row] = [{"id": "a"}, {"id": "b"}]
    source = Source(name="source", rows=lambda: rows)
    run([source], tmp_path, seed=0)
    rows[:] = [{"id": "a"}, {}, {}, {}]
    for _ in range(2):
        with pytest.raises(TooManyFailed, match="source 'source': 3 of 4 rows are unfit; first: row 1: a row needs"):
            run([source], tmp_path, seed=0)
        assert not (building_folder(tmp_path, "source") / "stage.json").exists()
        assert [row["id"] for row in read_rows(tmp_path, "source")] == ["a", "b"]
        (account,) = status(tmp_path)
        assert (account.finished, account.failed) == (False, {"missing_id": 3})
    rows[:] = [{"id": "a"}, {"id": "c"}]
    run([source], tmp_path, seed=0)
    assert [row["id"] for row in read_rows(tmp_path, "source")] == ["a", "c"]
    assert not building_folder(tmp_path, "source").exists()
    assert not (tmp_path / "source" / "plan.json").exists()


# errors of the system


def raiser(error: OSError) -> Callable[..., Any]:
    def fail(*arguments: object, **named: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("where", ["rows", "make", "task"])
def test_an_error_that_names_no_file_is_not_blamed_on_the_run_folder(tmp_path: Path, where: str, number: int) -> None:
    fail = raiser(OSError(number, "not your disk"))
    steps = {
        "rows": Source(name="other", rows=fail),
        "make": Stage(name="work", make=fail),
        "task": Task(name="train", run=fail),
    }
    with pytest.raises(OSError, match="not your disk"):
        run([numbers(1), steps[where]], tmp_path, seed=0)


@pytest.mark.parametrize("filename", [7, b"/elsewhere/x", "/"])
def test_an_error_that_names_another_file_comes_as_it_is(tmp_path: Path, filename: Any) -> None:
    def rows() -> Iterator[Row]:
        raise OSError(errno.EACCES, "Permission denied", filename)

    with pytest.raises(PermissionError):
        run([Source(name="source", rows=rows)], tmp_path, seed=0)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "the disk is full; make room and start the same command again: nothing finished is lost"),
        (errno.EDQUOT, "the disk quota is used up; make room and start the same"),
        (errno.EFBIG, "the file is larger than the system allows here; make room and start the same"),
        (errno.EROFS, "the disk can't be written to; choose another run folder, or mend it and start the same"),
        (errno.EACCES, "permission was denied; choose another run folder, or mend it and start the same"),
        (errno.EIO, "the disk fails to read or write; copy the run folder to a sound one and start the same"),
    ],
)
def test_a_disk_that_fails_is_told_of_with_the_file_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    monkeypatch.setattr(os, "fsync", raiser(OSError(number, "as the system says it")))
    with pytest.raises(LedgerError, match=rf"^{tmp_path}/run\.json: {message}"):
        run([numbers(1)], tmp_path, seed=0)


def test_a_disk_that_fails_while_a_file_is_read_is_told_of_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyarrow.parquet.ParquetFile", raiser(OSError(errno.EIO, "Input/output error")))
    with pytest.raises(LedgerError, match=r"numbers.next/ledger/00000\.parquet: the disk fails to read or write"):
        run([numbers(1)], tmp_path, seed=0)


@pytest.mark.parametrize("value", [b"bytes", {"a", "b"}, {(1, 2): 3}, object()])
def test_settings_that_are_not_plain_are_refused_before_anything_is_made(tmp_path: Path, value: Any) -> None:
    with pytest.raises(PipelineError, match=r"settings must be plain values, so that run\.json can keep them: "):
        run([numbers(1)], tmp_path / "run", seed=0, settings={"key": value})
    assert not (tmp_path / "run").exists()
    run([numbers(1)], tmp_path / "run", seed=0, settings={"key": (1, Path("a"))})
    assert json.loads((tmp_path / "run" / "run.json").read_text())["settings"] == {"key": [1, "a"]}
