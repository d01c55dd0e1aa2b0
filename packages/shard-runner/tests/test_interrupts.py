"""Ctrl-C: the first one ends the batch under way, the second one everything; what was finished is kept."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from shard_runner import Outcome, Placement, Row, Source, Stage, StageFn, Step, Task, run, status
from shard_runner.engines.processes import ProcessEngine

from .run_files import run_files


def source(count: int = 8) -> Source:
    return Source(name="source", rows=lambda: [{"id": f"r{i}", "x": i} for i in range(count)])


def interrupted_at(at: int, seen: list[int], times: int = 1) -> Stage:
    """Return a stage in whose call for a row Ctrl-C is pressed."""

    def work(rows: list[Row]) -> list[Outcome]:
        if any(row["x"] == at for row in rows):
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        seen.extend(row["x"] for row in rows)
        return [[row] for row in rows]

    return Stage(name="work", make=lambda: work, batch_size=2)


@pytest.fixture(autouse=True)
def handler_stays() -> object:
    """Every run puts Python's own handler of Ctrl-C back."""
    before = signal.getsignal(signal.SIGINT)
    assert before is signal.default_int_handler
    yield
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("at", [0, 3, 4, 6])
def test_ctrl_c_finishes_the_batch_under_way_and_the_next_run_does_the_rest(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], at: int
) -> None:
    seen: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        run([source(), interrupted_at(at, seen)], tmp_path / "run", seed=0, shard_size=4)
    assert "stopping after the batch under way; Ctrl-C again stops at once" in capfd.readouterr().err
    assert seen == list(range(at // 2 * 2 + 2))
    assert status(tmp_path / "run")[1].settled == len(seen)
    run([source(), interrupted_at(99, seen)], tmp_path / "run", seed=0, shard_size=4)
    run([source(), interrupted_at(99, [])], tmp_path / "whole", seed=0, shard_size=4)
    assert seen == list(range(8))
    assert run_files(tmp_path / "run", had_workers=True) == run_files(tmp_path / "whole", had_workers=True)


def test_sigterm_stops_after_the_batch_under_way_too(tmp_path: Path) -> None:
    seen: list[int] = []

    def work(rows: list[Row]) -> list[Outcome]:
        seen.extend(row["x"] for row in rows)
        if len(seen) == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return [[row] for row in rows]

    steps = [source(), Stage(name="work", make=lambda: work, batch_size=2)]
    with pytest.raises(KeyboardInterrupt):
        run(steps, tmp_path, seed=0, shard_size=4)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert (seen, status(tmp_path)[1].settled) == ([0, 1, 2, 3], 4)
    run(steps, tmp_path, seed=0, shard_size=4)
    assert seen == list(range(8))


def test_a_second_ctrl_c_stops_at_once_and_loses_the_batch_under_way_only(tmp_path: Path) -> None:
    seen: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        run([source(), interrupted_at(4, seen, times=2)], tmp_path, seed=0)
    assert seen == [0, 1, 2, 3]
    run([source(), interrupted_at(99, seen)], tmp_path, seed=0)
    assert seen == list(range(8))


def test_no_task_and_no_stage_begins_after_ctrl_c(tmp_path: Path) -> None:
    seen: list[int] = []
    begun: list[str] = []

    def after(rows: list[Row]) -> list[Outcome]:
        begun.append("after")
        return [[row] for row in rows]

    pipeline: list[Step] = [
        source(),
        interrupted_at(6, seen),  # in its last batch
        Task(name="train", run=lambda context: begun.append("train")),
        Stage(name="after", make=lambda: after, inputs=("work",)),
    ]
    with pytest.raises(KeyboardInterrupt):
        run(pipeline, tmp_path, seed=0)
    assert (seen, begun) == (list(range(8)), [])
    run(pipeline, tmp_path, seed=0)
    assert (seen, begun) == (list(range(8)), ["train", "after"])


def test_ctrl_c_while_a_source_is_read_ends_after_the_shard_under_way(tmp_path: Path) -> None:
    read: list[int] = []

    def rows() -> object:
        for i in range(8):
            if i == 2 and len(read) == 2:
                signal.raise_signal(signal.SIGINT)
            read.append(i)
            yield {"id": f"r{i}", "x": i}

    pipeline: list[Step] = [Source(name="source", rows=rows), interrupted_at(99, [])]  # pyright: ignore
    with pytest.raises(KeyboardInterrupt):
        run(pipeline, tmp_path, seed=0, shard_size=4)
    assert read == [0, 1, 2, 3]
    assert [account.done for account in run(pipeline, tmp_path, seed=0, shard_size=4).accounts] == [8, 8]


def test_ctrl_c_in_a_task_interrupts_it_as_ever(tmp_path: Path) -> None:
    steps: list[str] = []

    def train(context: object) -> None:
        steps.append("begun")
        signal.raise_signal(signal.SIGINT)
        steps.append("went on")

    with pytest.raises(KeyboardInterrupt):
        run([Task(name="train", run=train)], tmp_path, seed=0)
    assert steps == ["begun"]


def test_a_handler_of_the_program_s_own_is_left_alone(tmp_path: Path) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        seen: list[int] = []
        run([source(), interrupted_at(2, seen)], tmp_path, seed=0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (seen, heard) == (list(range(8)), [signal.SIGINT])


def test_a_run_in_another_thread_works_without_a_handler(tmp_path: Path) -> None:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: run([source(), interrupted_at(99, seen)], tmp_path, seed=0))
    thread.start()
    thread.join()
    assert seen == list(range(8))


# with worker processes


def noting(calls: Path, waits: Callable[[int], list[str]]) -> Callable[[], StageFn]:
    """Return what makes a function that notes each row it finished, and presses Ctrl-C before some rows.

    It waits for a file after each: until the runner has done what it does about it.
    """
    place = str(calls.parent)

    def make() -> StageFn:
        import signal
        import time

        def work(rows: list[dict[str, object]]) -> list[list[dict[str, object]]]:
            for row in rows:
                for awaited in waits(row["x"]):  # pyright: ignore
                    os.kill(os.getppid(), signal.SIGINT)
                    while not os.path.exists(os.path.join(place, awaited)):
                        time.sleep(0.01)
            with open(os.path.join(place, "calls.txt"), "a") as file:
                file.writelines(f"{row['x']}\n" for row in rows)
            return [[row] for row in rows]

        return work  # pyright: ignore

    return make


@pytest.fixture
def told_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a file as soon as all workers were asked to stop."""
    stop = ProcessEngine.stop

    def stop_and_tell(self: ProcessEngine) -> None:
        stop(self)
        (tmp_path / "told").touch()

    monkeypatch.setattr(ProcessEngine, "stop", stop_and_tell)


def calls_in(calls: Path) -> list[int]:
    return [int(line) for line in calls.read_text().splitlines()]


def test_ctrl_c_lets_workers_finish_their_batches(tmp_path: Path, told_to_stop: None) -> None:
    calls = tmp_path / "calls.txt"
    pressed = Stage(name="work", make=noting(calls, lambda x: ["told"] if x == 2 else []), batch_size=2)
    workers = Placement(workers=2)
    with pytest.raises(KeyboardInterrupt):
        run([source(12), pressed], tmp_path / "run", seed=0, shard_size=6, placement=workers)
    first = calls_in(calls)
    assert {2, 3} <= set(first)
    assert not {4, 5} & set(first)  # the batch after it
    assert status(tmp_path / "run")[1].settled == len(first)
    run([source(12), pressed], tmp_path / "run", seed=0, shard_size=6)
    assert sorted(calls_in(calls)) == list(range(12))
    run([source(12), interrupted_at(99, [])], tmp_path / "whole", seed=0, shard_size=6)
    assert run_files(tmp_path / "run", had_workers=True) == run_files(tmp_path / "whole", had_workers=True)


def test_a_second_ctrl_c_ends_workers_in_the_middle_of_a_batch(tmp_path: Path, told_to_stop: None) -> None:
    calls = tmp_path / "calls.txt"
    hanging = Stage(name="work", make=noting(calls, lambda x: ["told", "never"] if x == 4 else []), batch_size=2)
    with pytest.raises(KeyboardInterrupt):
        run([source(), hanging], tmp_path / "run", seed=0, placement=Placement(overlap=True))
    assert calls_in(calls) == [0, 1, 2, 3]
    (tmp_path / "never").touch()
    calm = Stage(name="work", make=noting(calls, lambda x: []), batch_size=2)
    run([source(), calm], tmp_path / "run", seed=0)
    assert calls_in(calls) == list(range(8))


# from a command line

COMMAND = """
import sys, time
from pathlib import Path
import click
from shard_runner import Source, Stage, run
from shard_runner.cli.exits import OneLineGroup
place = Path(sys.argv[1])

def work(rows):
    (place / f"begun-{rows[0]['x']}").touch()
    while rows[0]["x"] == 1 and not (place / "go on").exists():
        time.sleep(0.01)
    return [[row] for row in rows]

@click.group(cls=OneLineGroup)
def app(): ...

@app.command()
def go():
    rows = [{"id": f"r{i}", "x": i} for i in range(3)]
    stage = Stage(name="work", make=lambda: work, batch_size=1)
    run([Source(name="source", rows=lambda: rows), stage], place / "run", seed=0)

app.main(["go"])
"""


@pytest.mark.parametrize(("presses", "finished"), [(1, 2), (2, 1)])
def test_a_command_that_was_interrupted_exits_with_130(tmp_path: Path, presses: int, finished: int) -> None:
    command = [sys.executable, "-c", COMMAND, tmp_path]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=_python_s_own_handler) as process:
        assert process.stderr is not None
        while not (tmp_path / "begun-1").exists():
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said = [process.stderr.readline(), process.stderr.readline()]
        if presses == 2:
            process.send_signal(signal.SIGINT)
        else:
            (tmp_path / "go on").touch()
        said_last = process.stderr.read()
    assert said == ["\n", "stopping after the batch under way; Ctrl-C again stops at once\n"]
    assert said_last.strip() == "error: interrupted; the same command goes on where it stopped"
    assert process.returncode == 130
    assert not (tmp_path / "begun-2").exists()
    assert status(tmp_path / "run")[1].settled == finished


def _python_s_own_handler() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a parent in the background may have it ignored
