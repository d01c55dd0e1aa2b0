"""`kill -9` at random moments: nothing is lost, nothing finished is worked on again, and the bytes are the same."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from shard_runner import status
from shard_runner.folder import is_closed, journal_path, shards_in
from shard_runner.journal import read_journal
from shard_runner.ledger import read_entries

from .run_files import run_files

STAGES = ("fan", "judge", "widen")
FORKED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import cloudpickle, pyarrow
from randomly_killed_pipeline import run_once
from shard_runner.record import installed_versions
pyarrow.array([1]), installed_versions()
def run(line):
    Path(line, "pid").write_text(str(os.getpid()))
    run_once(Path(line), sys.argv[2])
"""
ForkedRuns = Any  # of the conftest.py at the root
Start = Callable[..., ForkedRuns]
Work = tuple[str, str]
"""A stage, and the id of a row that came in."""


def finished_work(run_dir: Path, works: dict[tuple[str, str], Work]) -> set[Work]:
    """Return what journals and ledgers call done or dropped, given what each stage and row key stand for."""
    found: set[tuple[str, str]] = set()
    for stage in STAGES:
        for folder in run_dir.glob(f"{stage}*"):
            for index in shards_in(folder):
                with contextlib.suppress(FileNotFoundError):  # a runner that lives has just put it elsewhere
                    found.update((stage, key) for key in _finished_keys(folder, index))
    return {works[at] for at in found if at in works}  # others are repeated rows


def _finished_keys(folder: Path, index: int) -> set[str]:
    entries = read_entries(folder, index) if is_closed(folder, index) else []
    verdicts = read_journal(journal_path(folder, index)).verdicts.items()
    states = [*((entry.key, entry.state) for entry in entries), *((key, verdict.state) for key, verdict in verdicts)]
    return {key for key, state in states if state != "failed"}


def calls_in(folder: Path) -> list[Work]:
    path = folder / "calls.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(stage, row_id) for stage, row_id in map(str.split, lines)]


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return sorted(found)


def actors_of(pid: int) -> list[int]:
    """Return the actors that work on shards in the Ray that a process has started."""
    found: list[int] = []
    for child in children_of(pid):
        with contextlib.suppress(OSError):
            found += [child] * Path(f"/proc/{child}/cmdline").read_text().startswith("ray::ShardActor")
        found += actors_of(child)
    return found


@dataclass(frozen=True)
class Reference:
    """A run that nobody killed."""

    files: dict[str, bytes]
    works: dict[tuple[str, str], Work]
    """What a stage and a row key stand for."""
    calls: int


@dataclass
class Killer:
    """Kills what works on a run once a number of rows more were worked on, and a moment later."""

    reference: Reference
    moments: random.Random
    spread: int
    """At most so many rows later."""
    victim: str
    on_ray: bool = False
    kills: int = 0
    found: list[tuple[set[Work], int]] = field(default_factory=lambda: list[tuple[set[Work], int]]())
    """For each kill: what was finished, and how many calls were noted."""

    def aim(self, folder: Path) -> None:
        """Choose the next moment."""
        self._until = len(calls_in(folder)) + self.moments.randrange(self.spread)
        self._wait_s = self.moments.uniform(0, 0.03)

    def moment_has_come(self, folder: Path) -> bool:
        if len(calls_in(folder)) < self._until:
            return False
        time.sleep(self._wait_s)
        return self.victim == "runner" or self._kill_worker(folder)

    def _kill_worker(self, folder: Path) -> bool:
        """Kill one of its workers instead, and let the run go on."""
        workers = actors_of(os.getpid()) if self.on_ray else children_of(int((folder / "pid").read_text()))
        if workers and (folder / "run" / ".workers").exists():
            os.kill(self.moments.choice(workers), signal.SIGKILL)
            self.note(folder)
            self.aim(folder)
        return False

    def note(self, folder: Path) -> None:
        self.kills += 1
        self.found.append((finished_work(folder / "run", self.reference.works), len(calls_in(folder))))

    def problems(self, folder: Path) -> list[str]:
        """Say in what a run that was ended after all kills is not as one that nobody killed, and forget the kills."""
        calls = calls_in(folder)
        repeated = Counter(calls)
        again = {number: finished.intersection(calls[before:]) for number, (finished, before) in enumerate(self.found)}
        under_way = 2 * 3 * len(self.found)  # the batches under way
        self.found.clear()
        problems = {
            "files differ": run_files(folder / "run", had_workers=True) != self.reference.files,
            "not finished, or not added up": not all(one.finished and one.adds_up for one in status(folder / "run")),
            "too many rows worked on again": repeated.total() - len(repeated) > under_way,
        } | {
            f"finished before kill {number}, and worked on after it: {work}": bool(work)
            for number, work in again.items()
        }
        return [f"{folder.name}: {problem}" for problem, is_there in problems.items() if is_there]


@pytest.fixture
def reference(tmp_path: Path, forked_runs: Start) -> Reference:
    folder = tmp_path / "unkilled"
    folder.mkdir()
    assert forked_runs(FORKED, Path(__file__).parent, "alone").run(folder) == 0
    accounts = {account.name: account for account in status(folder / "run")}
    assert (accounts["fan"].dropped, accounts["fan"].failed) == ({"five": 6}, {"ValueError": 1})
    assert (accounts["judge"].dropped["odd-draw"], accounts["judge"].failed) == (4, {"offline": 1})
    works: dict[tuple[str, str], Work] = {}
    for stage in STAGES:
        for index in shards_in(folder / "run" / stage):
            entries = read_entries(folder / "run" / stage, index)
            works.update({(stage, entry.key): (stage, entry.id) for entry in entries})
    return Reference(run_files(folder / "run", had_workers=True), works, len(calls_in(folder)))


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.long])])
@pytest.mark.parametrize(
    ("placement", "victim"),
    [
        ("alone", "runner"),
        ("workers", "runner"),
        ("workers", "worker"),
        pytest.param("overlap", "runner", marks=pytest.mark.slow),
    ],
)
def test_random_kills_lose_nothing_and_repeat_nothing(
    tmp_path: Path, forked_runs: Start, reference: Reference, placement: str, victim: str, kills: int
) -> None:
    killer = Killer(reference, random.Random(0), reference.calls // min(kills, 6), victim)
    assert kill_often(killer, kills, tmp_path, forked_runs(FORKED, Path(__file__).parent, placement)) == []
    assert killer.kills >= kills


@pytest.mark.slow
@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.parametrize("victim", ["runner", "worker"])
def test_random_kills_of_runners_and_actors_on_ray_lose_nothing_and_repeat_nothing(
    tmp_path: Path, forked_runs: Start, reference: Reference, ray_address: str, victim: str, kills: int
) -> None:
    killer = Killer(reference, random.Random(0), reference.calls // min(kills, 6), victim, on_ray=True)
    assert kill_often(killer, kills, tmp_path, forked_runs(FORKED, Path(__file__).parent, "ray")) == []
    assert killer.kills >= kills


@pytest.fixture
def ray_address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a Ray that every run finds in its environment, and that outlives it."""
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    ray = pytest.importorskip("ray")
    before = signal.getsignal(signal.SIGTERM)
    ray.init(address="local", num_cpus=4, include_dashboard=False, object_store_memory=100 << 20)
    address = ray.get_runtime_context().gcs_address
    monkeypatch.setenv("RAY_ADDRESS", address)
    yield address
    ray.shutdown()
    signal.signal(signal.SIGTERM, before)  # Ray sets its own


def kill_often(killer: Killer, kills: int, folder: Path, runs: ForkedRuns) -> list[str]:
    """Run, kill and go on, in one folder after the other; return what is wrong with those that came to their end."""
    rounds, problems = 0, list[str]()
    while killer.kills < kills:
        rounds += 1
        place = folder / f"killed-{rounds}"
        place.mkdir()
        killer.aim(place)
        while killer.kills < kills and runs.kill_when(killer.moment_has_come, place) == -signal.SIGKILL:
            killer.note(place)
            killer.aim(place)
        assert runs.run(place) == 0
        problems += killer.problems(place)
    return problems
