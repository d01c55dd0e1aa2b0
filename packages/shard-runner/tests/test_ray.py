"""On a local Ray, which stands in for a cluster: actors are processes of their own that Ray places."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
ray = pytest.importorskip("ray")
cloudpickle = pytest.importorskip("cloudpickle")

from shard_runner import (  # noqa: E402
    Dropped,
    Outcome,
    Placement,
    Row,
    Source,
    Stage,
    StageError,
    Step,
    TableError,
    run,
    status,
)
from shard_runner.engines import exchange as engines_exchange  # noqa: E402
from shard_runner.engines import ray_actors  # noqa: E402
from shard_runner.engines.engine import Broke, Event, Finished, Job  # noqa: E402
from shard_runner.engines.ray_actors import RayEngine  # noqa: E402
from shard_runner.errors import WorkerError  # noqa: E402
from shard_runner.processing import Order  # noqa: E402
from shard_runner.shard import Shard  # noqa: E402

from .run_files import run_files  # noqa: E402

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # actors can't import a test module


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One Ray for all tests: the one that RAY_ADDRESS names, or our own; its actors know the S3 server."""
    with ExitStack() as opened:
        patch = opened.enter_context(pytest.MonkeyPatch.context())
        for name, value in _s3_server(opened).items():
            patch.setenv(name, value)
        opened.callback(signal.signal, signal.SIGTERM, signal.getsignal(signal.SIGTERM))  # Ray sets its own
        _start_ray(os.environ.get("RAY_ADDRESS"))
        opened.callback(ray.shutdown)
        yield


def _start_ray(address: str | None) -> None:
    if address:
        keys = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        ray.init(address=address, runtime_env={"env_vars": keys})
        return
    for tries_left in (2, 1, 0):
        try:
            ray.init(address="local", num_cpus=4, num_gpus=2, include_dashboard=False, object_store_memory=100 << 20)
            return
        except Exception:  # on a machine under load: Ray gives its own parts 15 s to start
            ray.shutdown()
            if not tries_left:
                raise


def _s3_server(opened: ExitStack) -> dict[str, str]:
    try:
        from moto.server import ThreadedMotoServer
    except ImportError:
        return {}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    opened.callback(server.stop)
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    return {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "hunter1", "AWS_SECRET_ACCESS_KEY": "hunter2"}


def note(calls: Path, stage: str, rows: list[Row]) -> None:
    with calls.open("a") as file:
        file.write("".join(f"{stage} {row['id']}\n" for row in rows))


def most_often(calls: Path) -> tuple[str, int]:
    return Counter(calls.read_text().splitlines()).most_common(1)[0]


def numbers(count: int) -> Source:
    return Source(name="numbers", rows=lambda: [{"id": f"n{i}", "x": i} for i in range(count)])


def each(function: Callable[[Row], Outcome], **named: Any) -> Stage:
    def make() -> Callable[[list[Row]], list[Outcome]]:
        return lambda rows: [function(row) for row in rows]

    return Stage(**{"name": "work", "make": make, "num_cpus": 0.25, **named})


def three_stages() -> list[Step]:
    def fan(row: Row) -> Outcome:
        if row["x"] % 11 == 8:
            raise ValueError("eight is broken")
        if row["x"] % 5 == 0:
            return Dropped("five", "a multiple of five")
        return [{**row, "id": f"{row['id']}#{k}", "k": k} for k in range(row["x"] % 4)]

    def widen(row: Row) -> Outcome:
        return [{**row, f"column-{row['x'] % 3}": [row["x"]], "odd": "odd" if row["x"] % 2 else 0}]

    def square(row: Row) -> Outcome:
        return Dropped("big") if row["x"] > 35 else [{**row, "square": row["x"] ** 2}]

    return [
        numbers(40),
        each(fan, name="fan", batch_size=3),
        each(widen, name="widen", batch_size=4, samples=2),
        each(square, name="square", batch_size=5),
    ]


@pytest.fixture(scope="module")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    run_dir = tmp_path_factory.mktemp("in-process")
    run(three_stages(), run_dir, seed=0, shard_size=7)
    assert [account.rows_out for account in status(run_dir)] == [40, 45, 90, 78]
    return run_files(run_dir, had_workers=True)


def ray_at(exchange: str | None, tmp_path: Path, **named: Any) -> Placement:
    uri = f"file://{tmp_path}/store" if exchange else None
    return Placement(**{"engine": "ray", "workers": 1, "exchange": uri, **named})


@pytest.mark.parametrize("overlap", [pytest.param(False, marks=pytest.mark.slow), True])
def test_actors_come_to_the_same_bytes(tmp_path: Path, in_process: dict[str, bytes], overlap: bool) -> None:
    placement = ray_at(None, tmp_path, workers=3, overlap=overlap)
    run(three_stages(), tmp_path, seed=0, shard_size=7, placement=placement)
    assert run_files(tmp_path, had_workers=True) == in_process


@pytest.mark.slow
@pytest.mark.parametrize("overlap", [False, True])
def test_actors_that_reach_an_exchange_only_come_to_the_same_bytes(
    tmp_path: Path, in_process: dict[str, bytes], overlap: bool
) -> None:
    placement = ray_at("file", tmp_path, workers=2, overlap=overlap)
    run(three_stages(), tmp_path / "run", seed=0, shard_size=7, placement=placement)
    assert run_files(tmp_path / "run", had_workers=True) == in_process
    assert not list((tmp_path / "store").rglob("*"))  # the exchange is left as it was


@pytest.mark.slow
def test_actors_that_reach_a_bucket_only_come_to_the_same_bytes(tmp_path: Path, in_process: dict[str, bytes]) -> None:
    pytest.importorskip("s3fs")
    pytest.importorskip("moto")
    client = pytest.importorskip("boto3").client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="data")
    placement = Placement(engine="ray", workers=1, overlap=True, exchange="s3://data/runs/one")
    run(three_stages(), tmp_path, seed=0, shard_size=7, placement=placement)
    assert run_files(tmp_path, had_workers=True) == in_process
    assert "Contents" not in client.list_objects_v2(Bucket="data")
    with pytest.raises(TableError, match=r"s3://\*\*\*@nobucket/.* can't be written") as caught:
        engines_exchange.Courier("s3://hunter1:hunter2@nobucket/x", tmp_path, "token")
    assert "hunter2" not in str(caught.value)
    client.close()


@pytest.mark.parametrize("exchange", [None, pytest.param("file", marks=pytest.mark.slow)])
def test_a_dead_actors_shard_goes_on_in_another_and_a_row_that_always_kills_is_quarantined(
    tmp_path: Path, exchange: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_actors, "PUT_EVERY_S", 0.0)
    calls, died = tmp_path / "calls.txt", tmp_path / "died"

    def work(row: Row) -> Outcome:
        once = row["x"] == 4 and not died.exists()
        if once:
            died.touch()
        if once or row["x"] == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        note(calls, "work", [row])
        return [row]

    pipeline = [numbers(9), each(work, batch_size=2)]
    run(pipeline, tmp_path / "run", seed=0, placement=ray_at(exchange, tmp_path))
    account = status(tmp_path / "run")[1]
    assert (account.done, account.failed) == (8, {"worker_died": 1})
    assert most_often(calls)[1] == 1
    assert {int(line.removeprefix("work n")) for line in calls.read_text().splitlines()} == {*range(9)} - {6}


@pytest.mark.slow
def test_a_finished_shard_that_the_store_keeps_back_is_taken_home_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls.txt"

    def work(row: Row) -> Outcome:
        note(calls, "work", [row])
        return [row]

    def refuse(self: engines_exchange.Exchange, name: str, path: Path) -> None:
        raise TableError(f"{name} can't be read: the store is on fire")

    pipeline, placement = [numbers(9), each(work, batch_size=2)], ray_at("file", tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(engines_exchange.Exchange, "fetch_file", refuse)  # on the runner's side
        with pytest.raises(TableError, match="the store is on fire"):
            run(pipeline, tmp_path / "run", seed=0, placement=placement)
    run(pipeline, tmp_path / "run", seed=0, placement=placement)
    assert status(tmp_path / "run")[1].done == 9
    assert most_often(calls)[1] == 1
    assert not list((tmp_path / "store").rglob("*"))


def test_a_shard_that_an_actor_thought_dead_took_from_another_is_given_out_again(tmp_path: Path) -> None:
    journal, mark = tmp_path / "run" / "work.next" / "part-00000.jsonl", tmp_path / "mark"

    def lose_the_journal(row: Row) -> Outcome:
        if not mark.exists():
            mark.touch()
            journal.unlink()  # as when another opens it
        return [row]

    run([numbers(3), each(lose_the_journal)], tmp_path / "run", seed=0, placement=ray_at(None, tmp_path))
    assert status(tmp_path / "run")[1].done == 3


def test_errors_come_back_with_class_and_text(tmp_path: Path) -> None:
    def make() -> Any:
        raise ValueError("no such model")

    with pytest.raises(ValueError, match="no such model") as caught:
        run([numbers(3), each(note, make=make)], tmp_path, seed=0, placement=ray_at(None, tmp_path))
    assert any("in a worker:" in note for note in caught.value.__notes__)
    broken = each(note, make=lambda: lambda rows: [], version="2")
    with pytest.raises(StageError, match="must return one outcome for each of its 3 rows; got 0"):
        run([numbers(3), broken], tmp_path, seed=0, placement=ray_at(None, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("exchange", [None, "file"])
def test_ctrl_c_finishes_the_batch_under_way_and_loses_nothing(tmp_path: Path, exchange: str | None) -> None:
    calls = tmp_path / "calls.txt"
    calls.touch()

    def work(row: Row) -> Outcome:
        note(calls, "work", [row])
        time.sleep(0.2)
        return [row]

    def press() -> None:
        while len(calls.read_text().splitlines()) < 5:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    pipeline = [numbers(40), each(work, batch_size=2)]
    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(KeyboardInterrupt):
        run(pipeline, tmp_path / "run", seed=0, placement=ray_at(exchange, tmp_path))
    presser.join()
    assert 5 <= len(calls.read_text().splitlines()) < 40
    run(pipeline, tmp_path / "run", seed=0)
    assert status(tmp_path / "run")[1].done == 40
    assert most_often(calls)[1] == 1


TERMINATED = """
import os, signal, sys, time
from pathlib import Path
from shard_runner import Placement, Source, Stage, run
place = Path(sys.argv[1])

def work(rows):
    (place / f"begun-{rows[0]['x']}").touch()
    if rows[0]["x"] == 1:
        os.kill(int((place / "pid").read_text()), signal.SIGTERM)
        while not (place / "heard").exists():
            pass
    elif rows[0]["x"] > 1:
        time.sleep(0.2)  # the actor hears of the stop a moment later
    return [[row] for row in rows]

def tell(engine, stop):
    stop(engine)
    (place / "heard").touch()

(place / "pid").write_text(str(os.getpid()))
from shard_runner.engines.ray_actors import RayEngine
stop = RayEngine.stop
RayEngine.stop = lambda self: tell(self, stop)
rows = [{"id": f"r{i}", "x": i} for i in range(100)]
pipeline = [Source(name="source", rows=lambda: rows), Stage(name="work", make=lambda: work, batch_size=1, num_cpus=0)]
try:
    run(pipeline, place / "run", seed=0, placement=Placement(engine="ray"))
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.slow
def test_sigterm_finishes_the_batch_under_way_though_ray_would_end_the_process(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    command = [sys.executable, "-c", TERMINATED, tmp_path]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "stopped\n")
    settled = status(tmp_path / "run")[1].settled
    assert 2 <= settled == len(list(tmp_path.glob("begun-*"))) < 100


def empty_shard(engine: RayEngine, stage: Stage, run_dir: Path) -> None:
    building = run_dir / f"{stage.name}.next"
    building.mkdir(parents=True)
    (building / "plan.json").write_text("{}")
    engine.open(Job(stage, run_dir, building, workers=1, num_gpus=0))


def first_event(engine: RayEngine) -> Event:
    events: list[Event] = []
    while not events:
        engine.wait(events.append)
    return events[0]


@pytest.mark.parametrize(
    ("exchange", "message"),
    [
        (None, r"can't see the run folder .* share under the same path, or give an exchange"),
        ("x", "can't reach the ex"),
    ],
)
def test_what_an_actor_cannot_reach_is_named(tmp_path: Path, exchange: str | None, message: str) -> None:
    uri = str(tmp_path / exchange) if exchange else None
    with closing(RayEngine(exchange=uri)) as engine:
        empty_shard(engine, each(lambda row: [row]), tmp_path / "run")
        token = next(tmp_path.glob("x/*/token.txt"), tmp_path / "run" / ".workers")
        assert token.read_text()
        token.write_text("another folder of the same name")
        engine.submit("work", Order(Shard(0, (), frozenset(), "d")))
        event = first_event(engine)
        assert isinstance(event, Broke)
        assert isinstance(event.error, WorkerError)
        assert re.search(message, str(event.error))
        assert not engine.busy()


def test_an_actor_with_other_versions_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_actors, "own_versions", lambda: {"shard-runner": "0.0.1", "pyarrow": "1.0"})
    with pytest.raises(WorkerError, match=r"the runner has {'shard-runner': '0.0.1'.*install the same versions"):
        run([numbers(1), each(note)], tmp_path, seed=0, placement=ray_at(None, tmp_path))


def test_idle_actors_of_another_stage_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_actors, "MAKE_ROOM_S", 0.5)
    stages = [each(lambda row: [row], name=name, num_cpus=4) for name in ("one", "two")]
    with closing(RayEngine()) as engine:
        for stage in stages:
            empty_shard(engine, stage, tmp_path)
        for stage in stages:
            engine.submit(stage.name, Order(Shard(0, (), frozenset(), "d")))
            assert first_event(engine) == Finished(stage.name, 0, 0)


def test_work_goes_on_with_the_actors_that_find_a_place_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ray_actors, "PLACE_S", 1.0)

    def work(row: Row) -> Outcome:
        time.sleep(0.5)
        return [row]

    pipeline = [numbers(6), each(work, num_cpus=3)]
    run(pipeline, tmp_path, seed=0, shard_size=2, placement=ray_at(None, tmp_path, workers=2))
    assert status(tmp_path)[1].done == 6
    told = [record.getMessage() for record in caplog.records if "have found no place" in record.getMessage()]
    assert len(told) == 1
    assert "each asks for 3 CPU and 0 GPU, and the cluster has 4 CPU and 2 GPU" in told[0]


@pytest.mark.parametrize(("workers", "gpus"), [(2, 1), (2, 0.5), (1, 2)])
def test_actors_see_the_gpus_that_they_ask_for(tmp_path: Path, workers: int, gpus: float) -> None:
    """Ray counts GPUs that it was told of, and puts their numbers into each actor's environment."""

    def look(row: Row) -> Outcome:
        (tmp_path / f"actor-{os.getpid()}").write_text(os.environ["CUDA_VISIBLE_DEVICES"])
        deadline_s = time.monotonic() + 60
        while len(list(tmp_path.glob("actor-*"))) < workers and time.monotonic() < deadline_s:
            time.sleep(0.02)  # until every actor has something to do
        return [row]

    placement = ray_at(None, tmp_path, workers=workers, gpus_per_worker=gpus)
    run([numbers(8), each(look)], tmp_path / "run", seed=0, shard_size=1, placement=placement)
    seen = [path.read_text().split(",") for path in tmp_path.glob("actor-*")]
    assert [len(names) for names in seen] == [max(1, gpus)] * workers
    assert {name for names in seen for name in names} <= {"0", "1"}
    assert gpus < 1 or len({name for names in seen for name in names}) == 2  # none shared


def test_amounts_that_ray_cannot_give_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(
        WorkerError, match=r"num_cpus of stage 'work' must be a fraction of 1 or a whole number; got 1\.5"
    ):
        run([numbers(1), each(note, num_cpus=1.5)], tmp_path, seed=0, placement=ray_at(None, tmp_path))
