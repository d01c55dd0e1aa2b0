"""Worker processes: the same bytes, and every way in which one of them can end."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from shard_runner import (
    PipelineError,
    Placement,
    Source,
    Stage,
    StageError,
    Step,
    TooManyFailed,
    WorkerError,
    read_rows,
    run,
    scheduling,
    stage_folder,
    status,
)
from shard_runner.batches import StageWorker
from shard_runner.engines import processes
from shard_runner.engines.gpus import GpuPool, share_gpus, visible_gpus
from shard_runner.engines.in_process import InProcessEngine
from shard_runner.engines.processes import ProcessEngine
from shard_runner.engines.sending import sendable
from shard_runner.processing import Order, process_shard
from shard_runner.shard import Shard, Slice

from .run_files import run_files

ALONE = Placement(overlap=True)
"""One worker process for each stage."""


def source(count: int = 12) -> Source:
    return Source(name="source", rows=lambda: [{"id": f"r{i}", "x": i} for i in range(count)])


def each(function: Callable[[Any], Any], name: str = "work", **named: Any) -> Stage:
    """Return a stage of a function that worker processes get whole: it must use nothing of this module."""
    return Stage(name=name, make=lambda: lambda rows: [function(row) for row in rows], **named)


def three_stages() -> list[Step]:
    def fan(row: Any) -> Any:
        from shard_runner import Dropped

        if row["x"] == 5:
            raise ValueError("five is broken")
        return Dropped("third") if row["x"] % 3 == 0 else [{**row, "id": f"{row['id']}#{k}"} for k in range(3)]

    def widen(row: Any) -> Any:
        from shard_runner import Done

        return Done([{**row, f"column-{row['x'] % 2}": [row["x"]], "odd": "odd" if row["x"] % 2 else 0}], tokens=2)

    def first_of_each(rows: Any) -> Any:
        seen: set[int] = set()
        return [[] if row["x"] in seen else (seen.add(row["x"]), [row])[1] for row in rows]

    first = Stage(name="first", make=lambda: first_of_each, whole_input=True)
    return [source(), each(fan, "fan", batch_size=2), each(widen, "widen", batch_size=2, workers=1), first]


@pytest.mark.parametrize("placement", [Placement(workers=3), Placement(workers=1, overlap=True)])
def test_workers_write_the_same_bytes_as_this_process(tmp_path: Path, placement: Placement) -> None:
    for name, where in (("here", Placement()), ("there", placement)):
        run(three_stages(), tmp_path / name, seed=0, shard_size=4, placement=where)
    assert run_files(tmp_path / "here", had_workers=True) == run_files(tmp_path / "there", had_workers=True)
    assert not (tmp_path / "there" / ".workers").exists()  # their lock goes with them
    account = status(tmp_path / "there")[1]
    assert (account.dropped, account.failed) == ({"third": 4}, {"ValueError": 1})


def test_a_row_that_ends_its_worker_is_quarantined_and_its_neighbours_are_unharmed(tmp_path: Path) -> None:
    calls = str(tmp_path / "calls.txt")

    def poisoned(row: Any) -> Any:
        import signal

        if row["x"] == 5:
            with open(calls, "a") as file:
                file.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
        return [row]

    run([source(), each(poisoned, batch_size=4)], tmp_path / "run", seed=0, shard_size=8, placement=ALONE)
    account = status(tmp_path / "run")[1]
    assert (account.done, account.failed, account.adds_up) == (11, {"worker_died": 1}, True)
    assert [row["x"] for row in read_rows(tmp_path / "run", "work")] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    (told,) = pq.read_table(stage_folder(tmp_path / "run", "work") / "failed.parquet").to_pylist()
    assert (told["id"], told["row"]) == ("r5", '{"id": "r5", "x": 5}')
    assert told["detail"] == "the worker process ended 3 times while it had this row"
    assert Path(calls).read_text() == "xxxx"  # once among others, three times alone


def test_workers_that_end_before_they_work_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "_DEATHS_IN_A_ROW", 2)

    def make() -> Any:

        os._exit(3)

    told = r"workers of stage 'work' ended 2 times without finishing a row \(last: exit status 3\); is there memory"
    with pytest.raises(WorkerError, match=told):
        run([source(), Stage(name="work", make=make)], tmp_path, seed=0, placement=ALONE)
    account = status(tmp_path)[1]
    assert (account.settled, account.pending) == (0, 12)


@pytest.mark.slow
@pytest.mark.long
def test_every_worker_may_end_as_often_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "_DEATHS_IN_A_ROW", 2)
    place = str(tmp_path)

    def fall_together(row: Any) -> Any:
        import signal
        import time

        if len(os.listdir(place)) < 3:  # the run's folder, and a mark of each
            open(os.path.join(place, f"begun-{row['x']}"), "w").close()
            while len(os.listdir(place)) < 3:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        return [row]

    run([source(2), each(fall_together)], tmp_path / "run", seed=0, shard_size=1, placement=Placement(workers=2))
    assert status(tmp_path / "run")[1].done == 2


@pytest.mark.slow
@pytest.mark.long
def test_workers_of_a_whole_input_end_as_often_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "_DEATHS_IN_A_ROW", 2)
    stage = Stage(name="work", make=lambda: os._exit(3), whole_input=True)
    with pytest.raises(WorkerError, match="ended 2 times"):
        run([source(3), stage], tmp_path / "run", seed=0, placement=Placement(workers=8))


def test_a_row_is_not_blamed_for_a_worker_that_ended_before_it_tried_it(tmp_path: Path) -> None:
    run([source(1)], tmp_path, seed=0)
    (tmp_path / "work.next").mkdir()
    order = Order(Shard(0, (Slice("source", 0, 0, 1),), frozenset(), "digest"), careful=True)
    ends = iter([SystemExit, SystemExit, SystemExit, SystemExit])

    def make() -> Any:
        for end in ends:
            raise end
        return lambda rows: [[row] for row in rows]

    stage = Stage(name="work", make=make)
    for _ in range(4):  # more often than a row may end a worker
        with pytest.raises(SystemExit):
            process_shard(StageWorker(stage), order, tmp_path, tmp_path / "work.next")
    assert process_shard(StageWorker(stage), order, tmp_path, tmp_path / "work.next") == 0


@pytest.mark.slow
@pytest.mark.long
def test_a_worker_that_ended_is_noticed_while_a_child_of_its_own_lives_on(tmp_path: Path) -> None:
    def leave_a_child(row: Any) -> Any:
        import signal
        import time

        if row["x"] == 0 and not os.path.exists(mark):
            open(mark, "w").close()
            if os.fork() == 0:
                while os.path.exists(mark):  # it holds the worker's end of the pipe
                    time.sleep(0.05)
                os._exit(0)
            os.kill(os.getpid(), signal.SIGKILL)
        return [row]

    mark = str(tmp_path / "mark")
    run([source(2), each(leave_a_child)], tmp_path / "run", seed=0, placement=ALONE)
    assert status(tmp_path / "run")[1].done == 2
    Path(mark).unlink()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def ends_soon(pid: int) -> bool:
    until = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not is_running(pid)


def serving(place: Path, *, then: str = "") -> Stage:
    """Return a stage whose worker starts a server, and notes its process id and that it left as Python does."""

    def make() -> Any:
        import atexit
        import subprocess
        from pathlib import Path

        server = subprocess.Popen(["sleep", "60"])
        Path(place, "server").write_text(str(server.pid))
        atexit.register(lambda: Path(place, "left").touch())

        def work(rows: Any) -> Any:
            exec(then)
            return [[row] for row in rows]

        return work

    return Stage(name="work", make=make)


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@on_linux
@pytest.mark.slow
@pytest.mark.long
def test_what_a_worker_started_ends_with_it_and_it_may_do_what_is_to_be_done_at_exit(tmp_path: Path) -> None:
    run([source(2), serving(tmp_path)], tmp_path / "run", seed=0, placement=ALONE)
    assert ends_soon(int((tmp_path / "server").read_text()))
    assert (tmp_path / "left").exists()


@on_linux
@pytest.mark.slow
@pytest.mark.long
def test_a_worker_that_does_not_leave_is_ended_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_GRACE_S", 0.2)
    stays = "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"
    begun = time.monotonic()
    run([source(2), serving(tmp_path, then=stays)], tmp_path / "run", seed=0, placement=ALONE)
    assert time.monotonic() - begun < 30
    assert ends_soon(int((tmp_path / "server").read_text()))
    assert not (tmp_path / "left").exists()


@on_linux
@pytest.mark.slow
@pytest.mark.long
def test_what_a_worker_that_was_killed_started_ends(tmp_path: Path) -> None:
    killed = f"import os, signal; mark = {str(tmp_path / 'mark')!r}\n"
    killed += "if not os.path.exists(mark): os.rename(os.path.dirname(mark) + '/server', mark); os.kill(os.getpid(), 9)"
    run([source(2), serving(tmp_path, then=killed)], tmp_path / "run", seed=0, placement=ALONE)
    assert ends_soon(int((tmp_path / "mark").read_text()))
    assert ends_soon(int((tmp_path / "server").read_text()))


@on_linux
@pytest.mark.slow
@pytest.mark.long
def test_an_error_ends_what_busy_workers_started(tmp_path: Path) -> None:
    broken = "from shard_runner import StageError; raise StageError('no')"
    with pytest.raises(StageError, match="no"):
        run([source(2), serving(tmp_path, then=broken)], tmp_path / "run", seed=0, placement=ALONE)
    assert ends_soon(int((tmp_path / "server").read_text()))


def test_a_worker_that_can_t_import_this_package_is_told_of_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cloudpickle")
    run([source(), each(lambda row: [row], "first")], tmp_path, seed=0, placement=ALONE)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path.endswith(f"python3.{sys.version_info.minor}")])
    told = r"a worker of stage 'work' ended before it could begin \(exit status 1\); .* Can .* import shard_runner,"
    with pytest.raises(WorkerError, match=told):
        run([source(), each(lambda row: [row])], tmp_path, seed=0, placement=ALONE)
    assert capfd.readouterr().err.count("No module named 'shard_runner'") == 1


@pytest.mark.slow
@pytest.mark.long
def test_a_worker_finds_what_only_the_runner_s_search_path_has(tmp_path: Path) -> None:
    """The interpreter of an environment's own base knows nothing of the packages in it."""
    (tmp_path / "script.py").write_text(f"import sys\nsys.path[:] = {json.dumps(sys.path)}\n{SCRIPT}")
    command = [getattr(sys, "_base_executable", sys.executable), "-I", tmp_path / "script.py", tmp_path / "run"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.stderr, done.stdout) == ("", "once\n['A!', 'B!']\n")


def test_a_shard_whose_worker_ended_before_it_could_tell_that_it_is_finished_is_not_worked_on_again(
    tmp_path: Path,
) -> None:
    calls, mark = str(tmp_path / "calls.txt"), str(tmp_path / "mark")

    def make_dying() -> Any:
        import os
        import signal
        from pathlib import Path

        from shard_runner.engines import worker_process

        finish = worker_process.process_shard  # pyright: ignore[reportPrivateImportUsage]

        def finish_and_die(*arguments: Any, **named: Any) -> int:
            failed = finish(*arguments, **named)
            if not os.path.exists(mark):
                Path(mark).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return failed

        worker_process.process_shard = finish_and_die  # pyright: ignore[reportPrivateImportUsage]

        def work(rows: Any) -> Any:
            from shard_runner import Failed

            with open(calls, "a") as file:
                file.writelines(f"{row['x']}\n" for row in rows)
            return [Failed("three") if row["x"] == 3 else [row] for row in rows]

        return work

    run([source(), Stage(name="work", make=make_dying)], tmp_path / "run", seed=0, shard_size=6, placement=ALONE)
    assert Path(calls).read_text().splitlines() == [str(x) for x in range(12)]
    account = status(tmp_path / "run")[1]
    assert (account.done, account.failed, account.finished, account.adds_up) == (11, {"three": 1}, True, True)


def test_a_stage_that_can_t_be_sent_is_told_so(tmp_path: Path) -> None:
    lock = threading.Lock()

    def make() -> Any:
        return lock

    told = r"stage 'work' can't be sent to a worker: TypeError: .*lock.*\. Its `make` must hold plain settings only"
    with pytest.raises(WorkerError, match=told):
        run([source(), Stage(name="work", make=make)], tmp_path, seed=0, placement=ALONE)


def test_a_stage_whose_module_a_worker_can_t_import_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "only_here_for_a_while.py").write_text("def make():\n    return lambda rows: [[row] for row in rows]\n")
    from only_here_for_a_while import make  # pyright: ignore

    (tmp_path / "only_here_for_a_while.py").unlink()
    told = "can't load the stage: ModuleNotFoundError: No module named 'only_here_for_a_while'. Is the module"
    with pytest.raises(WorkerError, match=told):
        run([source(), Stage(name="work", make=make)], tmp_path / "run", seed=0, placement=ALONE)  # pyright: ignore


def test_an_error_in_make_comes_back_with_class_text_and_the_way_to_it(tmp_path: Path) -> None:
    def make_broken() -> Any:
        raise LookupError("no such model")

    with pytest.raises(LookupError, match="no such model") as told:
        run([source(), Stage(name="work", make=make_broken)], tmp_path, seed=0, placement=ALONE)
    note = told.value.__notes__[-1]
    assert note.startswith("in a worker:\nTraceback")
    assert "in make_broken" in note


def test_a_broken_contract_and_too_many_failures_come_back_as_what_they_are(tmp_path: Path) -> None:
    def one_too_few(rows: Any) -> Any:
        return rows[1:]

    with pytest.raises(StageError, match="must return one outcome for each of its 12 rows; got 11 outcomes"):
        run([source(), Stage(name="work", make=lambda: one_too_few)], tmp_path / "a", seed=0, placement=ALONE)

    def fail(row: Any) -> Any:
        raise KeyError(row["id"])

    with pytest.raises(TooManyFailed, match="more rows failed than max_failed_share allows; the last one: KeyError"):
        run([source(), each(fail, batch_size=1)], tmp_path / "b", seed=0, placement=ALONE)


def test_an_error_that_can_t_be_sent_keeps_its_text() -> None:
    class OfThisTest(Exception):
        def __init__(self, first: int, second: int) -> None:
            super().__init__(f"{first} and {second}")

    copy = sendable(OfThisTest(1, 2))
    assert (type(copy), str(copy)) == (StageError, "OfThisTest: 1 and 2")
    kept = sendable(OSError(28, "No space left on device", "/run/part"))
    assert (type(kept), kept.errno, kept.filename) == (OSError, 28, "/run/part")  # pyright: ignore


SCRIPT = """
import sys
from shard_runner import Placement, Source, Stage, read_rows, run

SUFFIX = "!"

def shout(text):
    return text.upper() + SUFFIX

def make():
    return lambda rows: [[{**row, "text": shout(row["id"])}] for row in rows]

print("once")
pipeline = [Source(name="source", rows=lambda: [{"id": "a"}, {"id": "b"}]), Stage(name="work", make=make)]
run(pipeline, sys.argv[1], seed=0, shard_size=1, placement=Placement(workers=2))
print([row["text"] for row in read_rows(sys.argv[1], "work")])
"""


def test_a_script_needs_no_guard_against_being_imported(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, tmp_path / "script.py", tmp_path / "run"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.stderr, done.stdout) == ("", "once\n['A!', 'B!']\n")


def test_each_worker_sees_the_gpus_that_are_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,3")
    place = str(tmp_path)

    def look(row: Any) -> Any:
        import time

        open(os.path.join(place, f"begun-{row['x']}"), "w").close()
        while not os.path.exists(os.path.join(place, f"begun-{1 - row['x']}")):
            time.sleep(0.01)  # until each worker has one
        return [{**row, "sees": os.environ["CUDA_VISIBLE_DEVICES"]}]

    pipeline = [source(2), each(look, "gpu"), each(look, "cpu", inputs=("source",), workers=1, num_gpus=0)]
    run(pipeline, tmp_path / "run", seed=0, shard_size=1, placement=Placement(workers=2, gpus_per_worker=1))
    assert {row["sees"] for row in read_rows(tmp_path / "run", "gpu")} == {"GPU-a", "3"}
    assert {row["sees"] for row in read_rows(tmp_path / "run", "cpu")} == {"GPU-a,3"}
    again = [source(2), each(look, "gpu", version="2")]
    with pytest.raises(WorkerError, match=r"3 workers with 1 GPUs each need 3; 2 are visible \(GPU-a, 3\)"):
        run(again, tmp_path / "run", seed=0, placement=Placement(workers=3, gpus_per_worker=1))


@pytest.mark.parametrize(
    ("gpus", "workers", "each_has", "shares"),
    [
        ("", 2, 0, [None, None]),
        ("01", 2, 0, [None, None]),
        ("01", 2, 1, ["0", "1"]),
        ("0123", 2, 2, ["0,1", "2,3"]),
        ("0", 2, 0.5, ["0", "0"]),
        ("0", 3, 1 / 3, ["0", "0", "0"]),
        ("01", 3, 0.5, ["0", "0", "1"]),
        ("01", 3, 0.4, ["0", "0", "1"]),  # a third of two fifths does not fit
        ("01", 2, 0.7, ["0", "1"]),
        ("73", 1, 1, ["7"]),
    ],
)
def test_gpus_are_shared_out(gpus: str, workers: int, each_has: float, shares: Sequence[str | None]) -> None:
    assert share_gpus(list(gpus), workers, each_has) == shares


@pytest.mark.parametrize(
    ("gpus", "workers", "each_has", "message"),
    [
        ("", 1, 1, r"1 workers with 1 GPUs each need 1; 0 are visible \(none\)"),
        ("0", 3, 0.5, r"3 workers with 0.5 GPUs each need 2; 1 are visible \(0\)"),
        ("0123", 3, 1.5, "a whole number of GPUs, or a fraction of one; got 1.5"),
    ],
)
def test_gpus_that_are_not_there_are_told_of(gpus: str, workers: int, each_has: float, message: str) -> None:
    with pytest.raises(WorkerError, match=message):
        share_gpus(list(gpus), workers, each_has)


@pytest.mark.parametrize(
    ("named", "names"), [("", []), ("0, 1", ["0", "1"]), ("-1", []), ("2,-1,3", ["2"]), ("GPU-a,", ["GPU-a"])]
)
def test_gpus_are_those_that_cuda_shows(named: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == names


def test_stages_at_work_have_gpus_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    pool = GpuPool()
    assert pool.take("draw", 1, 1) == ["0"]
    assert pool.take("judge", 2, 0.4) == ["1", "1"]
    assert pool.take("count", 4, 0) == [None] * 4
    told = (
        r"stage 'train': 2 workers with 1 GPUs each need 2; 3 are visible \(0: stage 'draw' has 1 of it, "
        r"1: stage 'judge' has 0\.8 of it, 2\)\. Give fewer workers, or .*, or let stages not overlap"
    )
    with pytest.raises(WorkerError, match=told):
        pool.take("train", 2, 1)
    assert pool.take("look", 2, 0.2) == ["1", "2"]
    with pytest.raises(WorkerError, match=r"1: stage 'judge' has 0\.8 of it and stage 'look' has 0\.2 of it, 2"):
        pool.take("train", 1, 1)
    for name in ("draw", "count", "unknown"):
        pool.give_back(name)
    assert pool.take("train", 1, 1) == ["0"]


@pytest.mark.slow
@pytest.mark.long
def test_stages_that_overlap_see_gpus_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")

    def look(row: Any) -> Any:
        return [{**row, "sees": [*row.get("sees", []), os.environ["CUDA_VISIBLE_DEVICES"]]}]

    beside = Placement(overlap=True, gpus_per_worker=1)
    run([source(2), each(look, "a"), each(look, "b")], tmp_path / "run", seed=0, placement=beside)
    assert [row["sees"] for row in read_rows(tmp_path / "run", "b")] == [["0", "1"]] * 2
    three = [source(2), *(each(look, name) for name in "xyz")]
    with pytest.raises(WorkerError, match=r"stage 'z': .*0: stage 'x' has 1 of it, 1: stage 'y' has 1 of it"):
        run(three, tmp_path / "more", seed=0, placement=beside)
    after = Placement(gpus_per_worker=1)  # one after the other: each gives back what it had
    run(three[:3], tmp_path / "more", seed=0, placement=after)
    assert [row["sees"] for row in read_rows(tmp_path / "more", "y")] == [["0", "0"]] * 2


@pytest.mark.parametrize(
    ("asked", "placement", "engine"),
    [
        ({}, Placement(), InProcessEngine),
        ({"workers": 1, "num_gpus": 0}, Placement(gpus_per_worker=1), InProcessEngine),
        ({"workers": 2}, Placement(), ProcessEngine),
        ({"num_gpus": 0.5}, Placement(), ProcessEngine),
        ({}, Placement(gpus_per_worker=1), ProcessEngine),
        ({}, Placement(workers=2), ProcessEngine),
    ],
)
def test_workers_and_gpus_of_a_stage_need_processes(
    asked: dict[str, Any], placement: Placement, engine: type[InProcessEngine | ProcessEngine]
) -> None:
    stages = [Stage(name="plain", make=lambda: list, num_gpus=0), Stage(name="asks", make=lambda: list, **asked)]
    assert type(placement.make_engine(stages=stages, stopping=lambda: False)) is engine
    assert type(placement.make_engine(stages=[], stopping=lambda: False)) is (
        ProcessEngine if placement.workers > 1 else InProcessEngine
    )


@pytest.mark.slow
@pytest.mark.long
def test_a_stage_has_the_workers_that_it_asks_for(tmp_path: Path) -> None:
    two = each(lambda row: [{**row, "pid": os.getpid()}], workers=2)
    run([source(2), two], tmp_path / "run", seed=0, shard_size=1)
    assert os.getpid() not in {row["pid"] for row in read_rows(tmp_path / "run", "work")}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": 0}, "workers must be at least 1; got 0"),
        ({"gpus_per_worker": -1}, "gpus_per_worker must be 0 or more; got -1"),
        ({"engine": "slurm"}, "engine must be 'local' or 'ray'; got 'slurm'"),
        ({"ray_address": "auto"}, "ray_address and exchange need engine='ray'"),
        ({"exchange": "s3://bucket"}, "ray_address and exchange need engine='ray'"),
    ],
)
def test_a_placement_that_makes_no_sense_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        Placement(**settings)


def test_a_stage_reads_equal_rows_whether_or_not_the_one_before_has_finished(tmp_path: Path) -> None:
    """With stages side by side, parts are read before their columns are brought into line with those of later ones."""
    mark = str(tmp_path / "mark")

    def turn(row: Any) -> Any:
        import time

        while row["x"] == 2 and not os.path.exists(mark):
            time.sleep(0.01)  # the next stage has read the parts before
        order = ["id", "x", "p", "q"] if row["x"] != 1 else ["id", "q", "x", "p"]
        full = {**row, "p": 1, "q": {"b": 1, "a": 2} if row["x"] else {"a": 2, "b": 1}}
        return [{key: full[key] for key in order}]

    def show(row: Any) -> Any:
        from shard_runner import Dropped

        if row["x"] == 1:
            open(mark, "w").close()
        return Dropped("first") if row["x"] == 0 else [{**row, "keys": [*row, *row["q"]]}]

    for name, overlap in (("after", False), ("beside", True)):
        Path(mark).touch() if not overlap else Path(mark).unlink()
        steps = [source(3), each(turn, "turn", batch_size=1), each(show, "show", batch_size=1)]
        run(steps, tmp_path / name, seed=0, shard_size=1, placement=Placement(overlap=overlap))
    assert list(read_rows(tmp_path / "after", "show")) == list(read_rows(tmp_path / "beside", "show"))
    assert run_files(tmp_path / "after", had_workers=True) == run_files(tmp_path / "beside", had_workers=True)
