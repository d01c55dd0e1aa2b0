"""An exchange in a folder and in memory, with the runner's and the actor's side in one process: no Ray is needed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

fsspec = pytest.importorskip("fsspec")

from shard_runner import Outcome, Row, Source, Stage, WorkerError, run  # noqa: E402
from shard_runner.engines.exchange import Courier, Exchange, Parcel  # noqa: E402
from shard_runner.engines.leftovers import Leftovers  # noqa: E402
from shard_runner.engines.scratch import Scratch  # noqa: E402
from shard_runner.errors import Stopped  # noqa: E402
from shard_runner.folder import is_closed, journal_path, part_path, read_parquet  # noqa: E402
from shard_runner.journal import read_journal  # noqa: E402
from shard_runner.processing import Order, process_shard  # noqa: E402
from shard_runner.shard import Shard, Slice  # noqa: E402
from shard_runner.verdicts import TRYING  # noqa: E402

ROOTS = ("folder", "memory://exchange")


@pytest.fixture(params=ROOTS)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    uri = f"file://{tmp_path}/exchange" if request.param == "folder" else request.param
    yield uri
    Exchange(uri).remove()  # the store in memory outlives a test


def left_in(root: str) -> list[str]:
    system, path = fsspec.core.url_to_fs(root)
    return system.find(path)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run folder with a finished source of ten rows, and the folder in which the next stage grows."""
    rows: list[Row] = [{"id": f"n{i}", "x": i} for i in range(10)]
    run([Source(name="numbers", rows=lambda: rows)], tmp_path / "run", seed=0, shard_size=4)
    (tmp_path / "run" / "work.next").mkdir()
    (tmp_path / "run" / "work.next" / "plan.json").write_text('{"recipe": "r", "rows_in": 10}')
    return tmp_path / "run"


def stage(seen: list[int], after: Callable[[int], object] = lambda x: None) -> Stage:
    def work(rows: list[Row]) -> list[Outcome]:
        for row in rows:
            after(row["x"])
        seen.extend(row["x"] for row in rows)
        return [[row] for row in rows]

    return Stage(name="work", make=lambda: work, batch_size=1)


def shard() -> Shard:
    return Shard(0, (Slice("numbers", 0, 2, 4), Slice("numbers", 1, 0, 3)), frozenset(), "d")


def attempt(
    root: str, courier: Courier, parcel: Parcel, of: Stage, *, careful: bool = False, stop_after: int = 99
) -> int:
    ticks: list[int] = []
    with Scratch(of, courier.uri, "token", put_every_s=0.0) as scratch:
        return scratch.process(
            Order(shard(), careful=careful),
            parcel,
            on_rows=lambda rows, fresh: ticks.append(rows),
            stopping=lambda: len(ticks) >= stop_after,
        )


@pytest.mark.parametrize("heard", [True, False])
def test_a_shard_goes_through_an_exchange_and_comes_home(run_dir: Path, root: str, heard: bool) -> None:
    courier, building, seen = Courier(root, run_dir, "token"), run_dir / "work.next", list[int]()
    leftovers = Leftovers(root, run_dir, "token")
    courier.open("work", building)
    parcel = courier.send("work", Order(shard()), building)
    assert attempt(root, courier, parcel, stage(seen)) == 0
    for _ in range(1 if heard else 2):  # the second finds nothing to do
        (courier.bring_part if heard else courier.bring_what_is_there)(parcel, 0, building)
        assert is_closed(building, 0)
    assert [row["x"] for row in read_parquet(part_path(building, 0))] == seen == [2, 3, 4, 5, 6]
    courier.forget("work")
    assert [Path(path).name for path in left_in(root)] == ["token.txt"]
    leftovers.close()
    assert not left_in(root)
    assert not (run_dir / ".exchange").exists()


def test_a_stopped_attempt_goes_on_from_its_journal(run_dir: Path, root: str) -> None:
    courier, building, seen = Courier(root, run_dir, "token"), run_dir / "work.next", list[int]()
    for stop_after in (2, 1, 99):
        parcel = courier.send("work", Order(shard()), building)
        if stop_after < 99:
            with pytest.raises(Stopped):
                attempt(root, courier, parcel, stage(seen), stop_after=stop_after)
            courier.bring_what_is_there(parcel, 0, building)
        else:
            attempt(root, courier, parcel, stage(seen))
            courier.bring_part(parcel, 0, building)
    assert seen == [2, 3, 4, 5, 6]
    assert not journal_path(building, 0).exists()


def test_what_an_attempt_writes_that_was_thought_dead_is_read_by_nobody(run_dir: Path, root: str) -> None:
    courier, building, seen = Courier(root, run_dir, "token"), run_dir / "work.next", list[int]()
    dead = courier.send("work", Order(shard()), building)
    parcel = courier.send("work", Order(shard()), building)
    attempt(root, courier, parcel, stage(seen))
    courier.bring_part(parcel, 0, building)
    before = part_path(building, 0).read_bytes()
    changed = Stage(name="work", make=lambda: lambda rows: [[{"id": "late"}] for _ in rows])
    attempt(root, courier, dead, changed)
    assert part_path(building, 0).read_bytes() == before


def test_on_a_careful_order_the_row_being_tried_is_known_at_home_before_it_is_begun(run_dir: Path, root: str) -> None:
    courier, building = Courier(root, run_dir, "token"), run_dir / "work.next"
    parcel = courier.send("work", Order(shard(), careful=True), building)
    found: list[list[str]] = []

    def look(x: int) -> None:
        pieces = [path for path in left_in(root) if "journal-" in path]
        system, _ = fsspec.core.url_to_fs(root)
        copy = run_dir.parent / "copy.jsonl"
        copy.write_bytes(b"".join(system.cat_file(path) for path in sorted(pieces)))
        found.append([verdict.reason for verdict in read_journal(copy).verdicts.values()])

    attempt(root, courier, parcel, stage([], look), careful=True)
    assert found == [[""] * done + [TRYING] for done in range(5)]


def test_tracebacks_are_those_of_a_run_without_an_exchange(run_dir: Path, root: str) -> None:
    def fail(x: int) -> None:
        if x == 4:
            raise ValueError("four")

    courier, building = Courier(root, run_dir, "token"), run_dir / "work.next"
    parcel = courier.send("work", Order(shard()), building)
    assert attempt(root, courier, parcel, stage([], fail)) == 1
    courier.bring_part(parcel, 0, building)
    (run_dir / "here").mkdir()
    from shard_runner.batches import StageWorker

    process_shard(StageWorker(stage([], fail)), Order(shard()), run_dir, run_dir / "here")
    for name in ("part-00000.parquet", "ledger/00000.parquet"):
        assert (building / name).read_bytes() == (run_dir / "here" / name).read_bytes()


def test_what_a_killed_runner_left_is_taken_home(run_dir: Path, root: str) -> None:
    building, seen = run_dir / "work.next", list[int]()
    killed = Courier(root, run_dir, "token")
    Leftovers(root, run_dir, "token")
    killed.open("work", building)
    parcel = killed.send("work", Order(shard()), building)
    with pytest.raises(Stopped):
        attempt(root, killed, parcel, stage(seen), stop_after=3)
    leftovers = Leftovers(root, run_dir, "next")
    leftovers.recover("work", building)
    assert len(read_journal(journal_path(building, 0)).verdicts) == 3
    parcel = killed.send("work", Order(shard()), building)
    attempt(root, killed, parcel, stage(seen))
    killed.open("work", building)
    leftovers.recover("work", building)
    assert is_closed(building, 0)
    assert seen == [2, 3, 4, 5, 6]
    leftovers.close()
    assert not left_in(root)
    assert not (run_dir / ".exchange").exists()


def test_what_did_not_come_home_stays_for_the_next_runner(run_dir: Path, root: str) -> None:
    building, seen = run_dir / "work.next", list[int]()
    courier, leftovers = Courier(root, run_dir, "token"), Leftovers(root, run_dir, "token")
    courier.open("work", building)
    attempt(root, courier, courier.send("work", Order(shard()), building), stage(seen))
    leftovers.close()  # after an error of the store: the stage was not forgotten
    Leftovers(root, run_dir, "another").close()  # it did not come to the stage
    assert (run_dir / ".exchange").read_text() == "token\n"
    leftovers = Leftovers(root, run_dir, "next")
    leftovers.recover("work", building)
    assert [row["x"] for row in read_parquet(part_path(building, 0))] == seen == [2, 3, 4, 5, 6]
    leftovers.close()
    assert not left_in(root)
    assert not (run_dir / ".exchange").exists()


def test_a_disk_that_is_full_here_is_not_blamed_on_the_store(run_dir: Path, root: str) -> None:
    courier, building = Courier(root, run_dir, "token"), run_dir / "work.next"
    parcel = courier.send("work", Order(shard()), building)
    attempt(root, courier, parcel, stage([]))
    (building / ".part-00000.parquet.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as told:
        courier.bring_part(parcel, 0, building)
    assert told.value.filename == str(part_path(building, 0))
    (building / ".part-00000.parquet.tmp").unlink()
    courier.bring_what_is_there(parcel, 0, building)
    assert is_closed(building, 0)


def test_what_was_left_of_another_plan_is_thrown_away(run_dir: Path, root: str) -> None:
    building = run_dir / "work.next"
    killed = Courier(root, run_dir, "token")
    Leftovers(root, run_dir, "token")
    killed.open("work", building)
    attempt(root, killed, killed.send("work", Order(shard()), building), stage([]))
    (building / "plan.json").write_text('{"recipe": "other"}')
    leftovers = Leftovers(root, run_dir, "next")
    leftovers.recover("work", building)
    assert not is_closed(building, 0)
    leftovers.close()
    assert not left_in(root)


def test_an_exchange_that_is_another_one_here_is_named(run_dir: Path, root: str) -> None:
    courier = Courier(root, run_dir, "token")
    with pytest.raises(WorkerError, match="can't reach the exchange: another folder of the same name is there"):
        Scratch(stage([]), courier.uri, "other", put_every_s=0.0)
    Exchange(courier.uri).remove()
    with pytest.raises(WorkerError, match=r"can't reach the exchange: .*token.txt can't be read: No such file"):
        Scratch(stage([]), courier.uri, "token", put_every_s=0.0)


def test_the_folder_of_an_actor_that_was_killed_is_removed_by_the_next(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code = "from shard_runner.engines.scratch import _new_folder; import os; _new_folder(); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    scratches = tmp_path / f"shard-runner-{os.getuid()}"
    (killed,) = scratches.iterdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    courier = Courier(str(tmp_path / "exchange"), run_dir, "token")
    with Scratch(stage([]), courier.uri, "token", put_every_s=0.0):
        (alive,) = scratches.iterdir()
        assert alive != killed
        with Scratch(stage([]), courier.uri, "token", put_every_s=0.0):
            assert alive.exists()
    assert not list(scratches.iterdir())
