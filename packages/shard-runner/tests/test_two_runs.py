"""Two runs on one folder, and clocks that go wrong."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

import pytest
from shard_runner import Outcome, Row, RunFolderBusy, Source, Stage, run, status
from shard_runner import lock as lock_module
from shard_runner.lock import share_with_workers

from .run_files import run_files

HOLDER = """
import sys, time
from pathlib import Path
from shard_runner import Source, Stage, run

place = Path(sys.argv[1])

def work(rows):
    (place / "begun").touch()
    while not (place / "go on").exists():
        time.sleep(0.01)
    return [[row] for row in rows]

run([Source(name="source", rows=lambda: [{"id": "a"}]), Stage(name="work", make=lambda: work)], place / "run", seed=0)
"""


def pipeline(seen: list[str] | None = None, stop_at: str | None = None) -> list[Source | Stage]:
    def work(rows: list[Row]) -> list[Outcome]:
        if stop_at in [row["id"] for row in rows]:
            raise KeyboardInterrupt
        if seen is not None:
            seen.extend(row["id"] for row in rows)
        return [[row] for row in rows]

    source = Source(name="source", rows=lambda: [{"id": row_id} for row_id in "abcdefgh"])
    return [source, Stage(name="work", make=lambda: work, batch_size=1)]


def until(path: Path, process: subprocess.Popen[bytes]) -> None:
    while not path.exists():
        assert process.poll() is None, "the process ended"
        time.sleep(0.01)


def test_a_second_run_is_refused_with_pid_and_host_of_the_first_and_harms_nothing(tmp_path: Path) -> None:
    first = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path])
    try:
        until(tmp_path / "begun", first)
        told = rf"run is in use by process {first.pid} on {socket.gethostname()}; wait for it to finish, stop it, or"
        for _ in range(2):
            with pytest.raises(RunFolderBusy, match=told):
                run(pipeline(), tmp_path / "run", seed=0)
        assert [account.finished for account in status(tmp_path / "run")] == [True, False]  # looking is allowed
        (tmp_path / "go on").touch()
        assert first.wait() == 0
    finally:
        first.kill()
        first.wait()
    assert [(account.finished, account.done) for account in status(tmp_path / "run")] == [(True, 1), (True, 1)]


def test_the_lock_of_a_killed_run_is_free_at_once(tmp_path: Path) -> None:
    first = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path])
    until(tmp_path / "begun", first)
    first.kill()
    first.wait()
    run(pipeline(), tmp_path / "run", seed=0)
    assert (tmp_path / "run" / ".lock").read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"


def test_workers_of_a_killed_run_that_do_not_end_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "_WAIT_S", 0.2)
    seen: list[str] = []
    told = f"workers of a run that was killed still work in {tmp_path}; end them and start again"
    with share_with_workers(tmp_path), pytest.raises(RunFolderBusy, match=told):
        run(pipeline(seen), tmp_path, seed=0)
    assert seen == []
    run(pipeline(seen), tmp_path, seed=0)
    assert not (tmp_path / ".workers").exists()


def test_a_run_waits_for_the_last_worker_of_a_killed_one_and_has_the_lock_meanwhile(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("process 1 on a host of long ago")
    seen: list[str] = []
    with contextlib.ExitStack() as workers:
        for _ in range(2):
            workers.enter_context(share_with_workers(tmp_path))
        waiting = threading.Thread(target=run, args=(pipeline(seen), tmp_path), kwargs={"seed": 0})
        waiting.start()
        while "long ago" in (tmp_path / ".lock").read_text():
            time.sleep(0.01)
        with pytest.raises(RunFolderBusy, match=f"is in use by process {os.getpid()} on {socket.gethostname()}"):
            run(pipeline(), tmp_path, seed=0)
        assert seen == []
    waiting.join()
    assert seen == list("abcdefgh")


@pytest.fixture
def backward_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes back by an hour whenever it is looked at."""
    ticks = count()
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s - 3600 * next(ticks))
    monkeypatch.setattr(time, "time_ns", lambda: int((now_s - 3600 * next(ticks)) * 1e9))


def test_a_clock_set_back_changes_nothing(tmp_path: Path, backward_clock: None) -> None:
    run(pipeline(), tmp_path / "whole", seed=0, shard_size=3)
    seen: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run(pipeline(seen, stop_at="f"), tmp_path / "run", seed=0, shard_size=3)
    for path in [*(tmp_path / "run").rglob("*")]:
        os.utime(path, (2**32, 2**32))  # in the year 2106
    run(pipeline(seen), tmp_path / "run", seed=0, shard_size=3)
    assert seen == list("abcdefgh")
    assert run_files(tmp_path / "run", had_workers=True) == run_files(tmp_path / "whole", had_workers=True)
    for path in [*(tmp_path / "run").rglob("*")]:
        os.utime(path, (0, 0))
    run(pipeline(seen), tmp_path / "run", seed=0, shard_size=3)
    assert seen == list("abcdefgh")
    assert all(account.seconds >= 0 for account in status(tmp_path / "run"))
