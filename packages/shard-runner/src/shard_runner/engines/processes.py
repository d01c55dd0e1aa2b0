"""Worker processes on this machine, each with models of its own.

Each leads a process group. A worker without a shard is given two seconds to leave by itself, so that what was to be
done at exit is done; then its group is killed, with all that it started and that made no session of its own.
Where the runner is killed, nobody does that: its workers end with it (on Linux), what they started may live on.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from shard_runner.engines.engine import Broke, Died, Event, Finished, Job, Ticked
from shard_runner.engines.gpus import GpuPool
from shard_runner.engines.pickling import pack_stage
from shard_runner.engines.sending import Raised
from shard_runner.engines.worker_process import Begun, Hello, Stop
from shard_runner.errors import Stopped, WorkerError
from shard_runner.processing import Order

_WAIT_S = 0.5
_GRACE_S = 2.0
"""For idle workers to leave by themselves."""
_START = (
    "import sys; fd, *sys.path[:] = sys.argv[1:]; del sys.argv[1:]; "
    "from shard_runner.engines.worker_process import main; main(int(fd))"
)
"""What a worker runs. It imports what the runner can, whatever the folder it starts in."""


@dataclass
class _Worker:
    """A worker process, and the shard that it has."""

    process: subprocess.Popen[bytes]
    connection: Connection
    stage: str
    order: Order | None = None
    has_begun: bool = False
    """Whether it has said a word."""

    def hang_up(self) -> None:
        """Close the connection: an idle worker leaves."""
        with contextlib.suppress(OSError):
            self.connection.close()

    def kill(self) -> None:
        """End the process at once, and all that it started."""
        self.hang_up()
        with contextlib.suppress(ProcessLookupError, PermissionError):  # the group is empty, or holds a zombie only
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class _Team:
    """The workers of one stage."""

    job: Job
    gpus: list[str | None]
    workers: dict[int, _Worker] = field(default_factory=lambda: dict[int, _Worker]())
    """By place; a place is empty before its first shard, and after its worker ended."""


class ProcessEngine:
    """Works on shards in processes, which are started when there are shards for them."""

    def __init__(self) -> None:
        self._teams: dict[str, _Team] = {}
        self._gpus = GpuPool()

    def open(self, job: Job) -> None:
        """Get ready for a stage.

        Raises:
            WorkerError: fewer GPUs are free than its workers need.
        """
        self._teams[job.stage.name] = _Team(job, self._gpus.take(job.stage.name, job.workers, job.num_gpus))

    def free(self, stage: str) -> int:
        """Return how many more shards of a stage can be taken now."""
        team = self._teams[stage]
        return team.job.workers - sum(worker.order is not None for worker in team.workers.values())

    def submit(self, stage: str, order: Order) -> None:
        """Give a shard to a worker that has none, a new one if need be."""
        team = self._teams[stage]
        idle = (worker for worker in team.workers.values() if worker.order is None)
        worker = next(idle, None)
        if worker is None:
            place = next(place for place in range(team.job.workers) if place not in team.workers)
            worker = team.workers[place] = _start(team, place)
        worker.order = order
        with contextlib.suppress(OSError):  # it has just ended: `wait` will find out
            worker.connection.send(order)

    def wait(self, on_event: Callable[[Event], None]) -> None:
        """Wait for messages of workers, and for their ends."""
        busy = [worker for worker in self._workers() if worker.order is not None]
        heard = set(wait([worker.connection for worker in busy], timeout=_WAIT_S))
        for worker in busy:
            if worker.connection in heard or worker.process.poll() is not None:
                for event in self._hear(worker):
                    on_event(event)

    def _hear(self, worker: _Worker) -> list[Event]:
        order, events = worker.order, list[Event]()
        assert order is not None, "only workers that have a shard are listened to"
        ended = worker.process.poll() is not None  # asked first: its last words are in the pipe then
        try:
            while worker.order is not None and worker.connection.poll():
                worker.has_begun, message = True, worker.connection.recv()
                events.extend(_events_of(worker, order, message))
        except (EOFError, OSError, pickle.UnpicklingError):
            ended = True
        if ended and worker.order is not None:  # the pipe may be open: a child of the worker can hold its other end
            events.append(self._bury(worker, order))
        return events

    def _bury(self, worker: _Worker, order: Order) -> Event:
        team = self._teams[worker.stage]
        place = next(place for place, other in team.workers.items() if other is worker)
        del team.workers[place]
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(timeout=5)
        worker.kill()
        code = worker.process.returncode
        if code > 0 and not worker.has_begun:  # another one would fare no better
            return Broke(worker.stage, WorkerError(_NO_START.format(worker.stage, code, sys.executable)))
        return Died(worker.stage, order, f"signal {-code}" if code < 0 else f"exit status {code}")

    def _workers(self) -> list[_Worker]:
        return [worker for team in self._teams.values() for worker in team.workers.values()]

    def stop(self) -> None:
        """Ask all workers to stop after the batch under way."""
        for worker in self._workers():
            with contextlib.suppress(OSError):
                worker.connection.send(Stop())

    def busy(self) -> bool:
        """Tell whether a worker has a shard."""
        return any(worker.order is not None for worker in self._workers())

    def dismiss(self, stage: str) -> None:
        """End the workers of a stage and what they started: busy ones at once, idle ones may leave by themselves."""
        team = self._teams.pop(stage, None)
        _end(team.workers.values() if team else ())
        self._gpus.give_back(stage)

    def close(self) -> None:
        """End all workers."""
        for stage in list(self._teams):
            self.dismiss(stage)


def _end(workers: Collection[_Worker]) -> None:
    idle = [worker for worker in workers if worker.order is None]
    until = time.monotonic() + _GRACE_S
    try:
        for worker in idle:
            worker.hang_up()
        for worker in idle:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(timeout=max(until - time.monotonic(), 0))
    finally:  # after another Ctrl-C, too
        for worker in workers:
            worker.kill()


_NO_START = (
    "a worker of stage {!r} ended before it could begin (exit status {}); its own words are above. "
    "Can {} import shard_runner, from the folders in `sys.path`?"
)


def _events_of(worker: _Worker, order: Order, message: object) -> list[Event]:
    stage, index = worker.stage, order.shard.index
    match message:
        case Begun():
            return []
        case (int(rows), int(fresh)):
            return [Ticked(stage, index, rows, fresh)]
        case int(failed):
            worker.order = None
            return [Finished(stage, index, failed)]
        case Raised(error):
            worker.order = None
            return [] if isinstance(error, Stopped) else [Broke(stage, error)]
        case _:
            raise AssertionError(f"a worker sent {type(message).__name__}")


def _start(team: _Team, place: int) -> _Worker:
    job = team.job
    ours, theirs = Pipe()
    stage = pack_stage(job.stage, extra="workers")
    hello = Hello(stage, job.run_dir.absolute(), job.building.absolute(), os.getpid())
    environment = {**os.environ}
    environment.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // job.workers, 1)))
    if team.gpus[place] is not None:
        environment["CUDA_VISIBLE_DEVICES"] = str(team.gpus[place])
    process = subprocess.Popen(
        [sys.executable, "-c", _START, str(theirs.fileno()), *map(str, sys.path)],
        pass_fds=[theirs.fileno()],
        env=environment,
        process_group=0,  # a Ctrl-C on the terminal comes to the runner alone
    )
    theirs.close()
    with contextlib.suppress(OSError):  # it has just ended: `wait` will find out
        ours.send(hello)
    return _Worker(process, ours, job.stage.name)
