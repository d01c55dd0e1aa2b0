"""Disks that are full, that can't be written, and that lost the end of a file."""

import contextlib
import os
import random
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import pytest
from shard_runner import (
    Dropped,
    LedgerError,
    Outcome,
    Placement,
    Row,
    Source,
    Stage,
    explain,
    read_rows,
    run,
    stage_folder,
    status,
)
from shard_runner import record as record_module
from shard_runner.folder import building_folder, is_closed, journal_path, part_path, shards_in
from shard_runner.journal import read_journal
from shard_runner.ledger import ledger_path, read_entries

from .run_files import run_files

ROWS = 14
SHARD_SIZE = 5
FULL = "make room and start the same command again: nothing finished is lost"


@pytest.fixture(autouse=True)
def fast_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are many here, and no power cut comes: no wait for the disk, and none for `git`."""
    monkeypatch.setattr(record_module, "_git_revision", lambda: None)
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def pipeline(
    seen: list[str], text: str = "text", stop_at: int | None = None, count: int = ROWS
) -> list[Source | Stage]:
    """Return a source and two stages; the first notes its rows in `seen`, and can be interrupted at a row."""

    def first(rows: list[Row]) -> list[Outcome]:
        if any(row["x"] == stop_at for row in rows):
            raise KeyboardInterrupt
        outcomes: list[Outcome] = [
            Dropped("five") if row["x"] % 5 == 0 else [{**row, "text": row["text"].upper()}] for row in rows
        ]
        seen.extend(row["id"] for row in rows)
        return outcomes

    def second(rows: list[Row]) -> list[Outcome]:
        return [[row] for row in rows]

    return [
        Source(name="source", rows=lambda: [{"id": f"r{i}", "x": i, "text": f"{i} {text}"} for i in range(count)]),
        Stage(name="first", make=lambda: first, batch_size=2),
        Stage(name="second", make=lambda: second, batch_size=4),
    ]


def go(steps: Sequence[Source | Stage], run_dir: Path, placement: Placement | None = None) -> None:
    run(steps, run_dir, seed=0, shard_size=SHARD_SIZE, placement=placement or Placement())


def finished_ids(run_dir: Path) -> set[str]:
    """Return the rows that the journals and ledgers of the first stage call done or dropped."""
    found: set[str] = set()
    for folder in run_dir.glob("first*"):
        for index in shards_in(folder):
            if is_closed(folder, index):
                found.update(entry.id for entry in read_entries(folder, index))
            verdicts = read_journal(journal_path(folder, index)).verdicts.values()
            found.update(row["id"] for verdict in verdicts for row in verdict.rows)
    return found


@contextlib.contextmanager
def files_of_at_most(size_bytes: int) -> Generator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


LONG = 12 * ("a text that is longer than the others: " + " ".join(str(7**k) for k in range(60)))
TWO_ROWS_FIT = int(2.2 * len(LONG))
"""Bytes of a file that holds a journal's record of one batch, but not of two."""


def test_a_file_that_may_not_grow_stops_the_run_and_room_ends_it_with_the_same_bytes(tmp_path: Path) -> None:
    go(pipeline([], LONG), tmp_path / "whole")
    run_json = (tmp_path / "whole" / "run.json").stat().st_size
    assert run_json < 2 * len(LONG)
    for limit, some_finished in ((10, False), (run_json, False), (TWO_ROWS_FIT, True), (TWO_ROWS_FIT * 3 // 2, True)):
        run_dir, seen = tmp_path / str(limit), list[str]()
        for _ in range(2):
            with (
                pytest.raises(LedgerError, match=f"the file is larger than the system allows here; {FULL}"),
                files_of_at_most(limit),
            ):
                go(pipeline(seen, LONG), run_dir)
        finished = finished_ids(run_dir)
        assert bool(finished) == some_finished
        seen.clear()
        go(pipeline(seen, LONG), run_dir)
        assert not finished.intersection(seen)
        assert run_files(run_dir, had_workers=True) == run_files(tmp_path / "whole", had_workers=True)


def test_a_worker_that_finds_the_disk_full_stops_the_run_in_the_same_way(tmp_path: Path) -> None:
    steps = pipeline([], LONG)[:2]
    go(steps[:1], tmp_path / "run")
    with (
        pytest.raises(LedgerError, match=f"the file is larger than the system allows here; {FULL}") as told,
        files_of_at_most(TWO_ROWS_FIT),
    ):
        go(steps, tmp_path / "run", Placement(overlap=True))
    assert "in a worker:" in told.value.__cause__.__notes__[0]  # pyright: ignore
    assert finished_ids(tmp_path / "run")
    go(steps, tmp_path / "run")
    go(steps, tmp_path / "whole")
    assert run_files(tmp_path / "run", had_workers=True) == run_files(tmp_path / "whole", had_workers=True)


@contextlib.contextmanager
def small_disk(place: Path, size_kib: int) -> Generator[Callable[[str], object]]:
    """Mount a file system in memory, and yield what mounts it again with other options."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", place]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode:
        pytest.skip(f"a file system can't be mounted here: {mounted.stderr.strip()}")
    try:
        yield lambda options: subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_stops_the_run_and_room_ends_it_with_the_same_bytes(tmp_path: Path) -> None:
    go(pipeline([], LONG), tmp_path / "whole")
    with small_disk(tmp_path / "disk", 16) as remount:
        run_dir, finished, stops = tmp_path / "disk" / "run", set[str](), list[str]()
        for size_kib in range(16, 400, 12):
            remount(f"size={size_kib}k")
            seen: list[str] = []
            try:
                go(pipeline(seen, LONG), run_dir)
                break
            except LedgerError as error:
                stops.append(str(error))
            finally:
                assert not finished.intersection(seen)
            finished = finished_ids(run_dir)
        assert len(stops) > 4
        assert all(f"the disk is full; {FULL}" in stop for stop in stops)
        assert run_files(run_dir, had_workers=True) == run_files(tmp_path / "whole", had_workers=True)


def test_a_disk_that_can_t_be_written_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1000) as remount:
        go(pipeline([]), tmp_path / "disk" / "run")
        before = run_files(tmp_path / "disk" / "run", had_workers=True)
        remount("ro")
        with pytest.raises(LedgerError, match=r"disk/run/\.lock: the disk can't be written to; choose another"):
            go(pipeline([]), tmp_path / "disk" / "run")
        with pytest.raises(LedgerError, match="disk/other: the disk can't be written to; choose another"):
            go(pipeline([]), tmp_path / "disk" / "other")
        assert status(tmp_path / "disk" / "run")[1].adds_up
        assert run_files(tmp_path / "disk" / "run", had_workers=True) == before


@contextlib.contextmanager
def as_nobody() -> Generator[None]:
    """Give up the rights of the administrator, who may write everywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_without_the_right_to_write_is_named() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        run_dir = Path(place) / "run"
        go(pipeline([]), run_dir)
        os.chmod(run_dir, 0o555)
        os.chmod(run_dir / ".lock", 0o444)
        os.chmod(place, 0o555)
        with as_nobody():
            with pytest.raises(LedgerError, match=r"run/\.lock: permission was denied; choose another run folder"):
                go(pipeline([]), run_dir)
            with pytest.raises(LedgerError, match="other: permission was denied; choose another run folder"):
                go(pipeline([]), Path(place) / "other")
            assert len(list(read_rows(run_dir, "second"))) == 11
        os.chmod(place, 0o755)
        os.chmod(run_dir, 0o755)


def test_a_file_of_the_user_s_own_that_can_t_be_read_is_not_taken_for_the_run_folder(tmp_path: Path) -> None:
    def rows() -> Iterator[Row]:
        raise PermissionError(13, "Permission denied", "/data/photos.json")

    with pytest.raises(PermissionError, match="photos"):
        run([Source(name="source", rows=rows)], tmp_path / "run", seed=0)


# files that lost their end


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, bytes]:
    go(pipeline([]), tmp_path / "whole")
    return run_files(tmp_path / "whole", had_workers=True)


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A run that was interrupted: of the first stage, one shard is finished and one is open."""
    run_dir = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        go(pipeline([], stop_at=9), run_dir)
    building = building_folder(run_dir, "first")
    assert [is_closed(building, index) for index in shards_in(building)] == [True, False]
    return run_dir


def test_a_journal_cut_at_any_byte_of_its_last_record_costs_that_record_only(tmp_path: Path) -> None:
    run_dir, steps = tmp_path / "run", pipeline([], count=5)[:2]
    journal = journal_path(building_folder(run_dir, "first"), 0)
    go(steps, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        go(pipeline([], count=5, stop_at=4)[:2], run_dir)
    content = journal.read_bytes()
    last = content.rindex(b"\n", 0, len(content) - 1) + 1
    assert len(content) - last > 60
    shutil.copytree(run_dir, tmp_path / "stopped")
    for cut in range(last, len(content) + 1):
        seen: list[str] = []
        os.truncate(journal, cut)
        go(pipeline(seen, count=5)[:2], run_dir)
        assert seen == ([] if cut == len(content) else ["r2", "r3"]) + ["r4"], cut
        assert run_files(run_dir, had_workers=True) == run_files(tmp_path / "whole", had_workers=True), cut
        shutil.rmtree(run_dir)
        shutil.copytree(tmp_path / "stopped", run_dir)


def cuts_of(path: Path) -> list[int]:
    size = path.stat().st_size
    return [0, 4, size // 2, size - 8, size - 1]


@pytest.mark.parametrize("place", [part_path, ledger_path])
def test_a_finished_shard_that_was_cut_is_named_and_once_deleted_worked_on_again(
    tmp_path: Path, whole: dict[str, bytes], stopped: Path, place: Callable[[Path, int], Path]
) -> None:
    for cut in cuts_of(place(building_folder(stopped, "first"), 0)):
        run_dir, seen = tmp_path / f"cut-{cut}", list[str]()
        shutil.copytree(stopped, run_dir)
        damaged = place(building_folder(run_dir, "first"), 0)
        os.truncate(damaged, cut)
        with pytest.raises(LedgerError, match=f"{damaged} is damaged .*; delete it and run the pipeline again"):
            go(pipeline(seen), run_dir)
        damaged.unlink()
        go(pipeline(seen), run_dir)
        assert sorted(seen) == sorted(f"r{i}" for i in (*range(5), *range(9, ROWS)))
        assert run_files(run_dir, had_workers=True) == whole
        shutil.rmtree(run_dir)


@pytest.mark.parametrize("place", [part_path, ledger_path])
@pytest.mark.parametrize("step", ["source", "first", "second"])
def test_a_finished_stage_that_was_cut_says_so_and_loses_one_shard_at_most(
    tmp_path: Path, whole: dict[str, bytes], place: Callable[[Path, int], Path], step: str
) -> None:
    run_dir, seen = tmp_path / "whole", list[str]()
    damaged = place(stage_folder(run_dir, step), 1)
    os.truncate(damaged, 40)
    with pytest.raises(LedgerError, match=f"{damaged} is damaged"):
        status(run_dir) if place is ledger_path else list(read_rows(run_dir, step))
    with pytest.raises(LedgerError, match=f"{damaged} is damaged"):
        explain(run_dir, "r7")
    damaged.unlink()
    go(pipeline(seen), run_dir)
    assert seen == ([f"r{i}" for i in range(5, 10)] if step == "first" else [])
    assert run_files(run_dir, had_workers=True) == whole
    assert all(account.adds_up for account in status(run_dir))


def test_any_file_cut_anywhere_ends_in_the_same_bytes_or_is_named(
    tmp_path: Path, whole: dict[str, bytes], stopped: Path
) -> None:
    places = random.Random(0)
    run_dir = tmp_path / "run"
    for before in (stopped, tmp_path / "whole"):
        names = sorted(path.relative_to(before) for path in before.rglob("*") if path.is_file())
        for name in places.sample(names, 12):
            shutil.copytree(before, run_dir)
            size = (run_dir / name).stat().st_size
            os.truncate(run_dir / name, places.randrange(size) if size else 0)
            if damage := damage_found(run_dir):
                assert damage.startswith(f"{run_dir / name} is damaged"), damage
                (run_dir / name).unlink()
                assert not damage_found(run_dir)
            if name.name not in ("dropped.parquet", "failed.parquet"):  # written for readers, and read by no run
                assert run_files(run_dir, had_workers=True) == whole, name
            shutil.rmtree(run_dir)


def damage_found(run_dir: Path) -> str:
    """Run, read all rows, and return the message of the error, if there is one."""
    try:
        go(pipeline([]), run_dir)
        for name in ("source", "first", "second"):
            assert list(read_rows(run_dir, name))
        status(run_dir)
    except LedgerError as error:
        return str(error)
    return ""
