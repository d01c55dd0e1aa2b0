import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shard_runner import LedgerError, Outcome, Row, Source, Stage, Task, TaskContext, run, status
from shard_runner import times as times_module
from shard_runner.times import Stopwatch


@pytest.fixture
def noted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times_module, "_EVERY_S", 0.01)


def seconds(run_dir: Path, name: str) -> float:
    path = run_dir / "seconds.json"
    return json.loads(path.read_text()).get(name, {}).get("seconds", 0.0) if path.exists() else 0.0


def wait_until_noted(run_dir: Path, *names: str, more_than: float = 0.0) -> None:
    until = time.monotonic() + 20
    while not all(seconds(run_dir, name) > more_than for name in names):
        assert time.monotonic() < until, "no time was noted"
        time.sleep(0.01)


def steps(run_dir: Path) -> list[Any]:
    def rows() -> Iterator[Row]:
        yield {"id": "a"}
        wait_until_noted(run_dir, "source")

    def work(rows: list[Row]) -> list[Outcome]:
        wait_until_noted(run_dir, "work")
        return [[row] for row in rows]

    def train(context: TaskContext) -> None:
        wait_until_noted(run_dir, "train")

    return [Source(name="source", rows=rows), Stage(name="work", make=lambda: work), Task(name="train", run=train)]


def test_time_is_noted_in_the_middle_of_a_batch_a_task_and_a_source(tmp_path: Path, noted_at_once: None) -> None:
    run(steps(tmp_path), tmp_path, seed=0)  # each waits for its own time
    assert all(account.seconds > 0 for account in status(tmp_path))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("stopwatch")]


def test_stages_side_by_side_note_their_times_in_one_file(tmp_path: Path, noted_at_once: None) -> None:
    watches = [Stopwatch(tmp_path, name, "recipe") for name in ("draw", "judge")]
    for watch in watches:
        watch.__enter__()
    wait_until_noted(tmp_path, "draw", "judge", more_than=0.1)
    for watch in watches:
        watch.stop()
    noted = [seconds(tmp_path, name) for name in ("draw", "judge")]
    time.sleep(0.05)
    assert [seconds(tmp_path, name) for name in ("draw", "judge")] == noted  # for good


def test_a_thread_that_can_t_write_leaves_it_to_the_end_to_tell(tmp_path: Path, noted_at_once: None) -> None:
    watch = Stopwatch(tmp_path, "work", "recipe").__enter__()
    (tmp_path / "seconds.json").write_text("{")
    time.sleep(0.05)
    with pytest.raises(LedgerError, match=r"seconds\.json is damaged"):
        watch.stop()


KILLED = """
import os, sys, time
from pathlib import Path
from shard_runner import Source, Task, run, times

times._EVERY_S = 0.01
run_dir = Path(sys.argv[1])

def train(context):
    until = time.monotonic() + 20
    while '"train"' not in (run_dir / "seconds.json").read_text() and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(os.getpid(), 9)

run([Source(name="source", rows=lambda: [{"id": "a"}]), Task(name="train", run=train)], run_dir, seed=0)
"""


def test_a_task_that_was_killed_has_left_its_time(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, tmp_path], timeout=60)
    assert ended.returncode == -signal.SIGKILL
    task = status(tmp_path)[1]
    assert not task.finished
    assert task.seconds > 0


def test_what_a_source_took_is_its_last_reading_and_a_stage_s_time_adds_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", clock := Clock())
    count = 1

    def rows() -> Iterator[Row]:
        clock.now += 100
        yield from ({"id": str(number)} for number in range(count))

    def work(rows: list[Row]) -> list[Outcome]:
        clock.now += 10 * len(rows)
        return [[row] for row in rows]

    for count in (1, 2, 2):
        run([Source(name="source", rows=rows), Stage(name="work", make=lambda: work)], tmp_path, seed=0)
        assert [round(account.seconds) for account in status(tmp_path)] == [100, 10 * count]


class Clock:
    """A clock that stands still but for what is added."""

    now = 0.0

    def __call__(self) -> float:
        return self.now
