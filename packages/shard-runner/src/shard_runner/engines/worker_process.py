"""The life of a worker process, which `processes.py` starts.

It leads a process group, and what it starts belongs to that: a model server ends with its worker. Where the runner
itself is killed, nobody is left to end the group: the system ends the workers (on Linux), but not what they started.
"""

import ctypes
import os
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from shard_runner.batches import StageWorker
from shard_runner.engines.sending import Raised, sendable
from shard_runner.errors import Stopped, WorkerError
from shard_runner.lock import share_with_workers
from shard_runner.processing import Order, process_shard
from shard_runner.stages import Stage

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Hello:
    """The first message to a worker."""

    stage: bytes
    """Pickled."""
    run_dir: Path
    building: Path
    parent: int
    """Process id of the runner."""


@dataclass(frozen=True)
class Begun:
    """The first message of a worker: Python found what it needs."""


@dataclass(frozen=True)
class Stop:
    """Asks a worker to stop after the batch under way."""


def _die_with(parent: int) -> None:
    """Have the system end this process as soon as its parent ends; elsewhere than on Linux the closed pipe tells."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class _Ears:
    """Hears requests to stop between two batches, and that the runner is gone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stopped = False

    def __call__(self) -> bool:
        while not self._stopped and self._connection.poll():
            self._stopped = isinstance(self._connection.recv(), Stop)
        return self._stopped


def _work(connection: Connection, hello: Hello) -> None:
    ears, worker = _Ears(connection), None
    while (message := _next_message(connection)) is not None:
        if not isinstance(message, Order):
            continue  # a request to stop that came between two shards: no more will be sent
        try:
            worker = worker or StageWorker(_load(hello.stage))
            connection.send(_failed_rows(worker, message, hello, ears, connection.send))
        except (Stopped, Exception) as error:
            connection.send(Raised(sendable(error)))


def _next_message(connection: Connection) -> Any:
    """Return what the runner sends next; None when it has closed the connection: there is no more work."""
    try:
        return connection.recv()
    except (EOFError, ConnectionResetError):
        return None


def _load(stage: bytes) -> Stage:
    try:
        return pickle.loads(stage)
    except Exception as error:
        raise WorkerError(
            f"a worker can't load the stage: {type(error).__name__}: {error}. Is the module that its `make` comes from "
            "one that a new Python process can import?"
        ) from error


def _failed_rows(
    worker: StageWorker, order: Order, hello: Hello, ears: Callable[[], bool], send: Callable[[Any], None]
) -> int:
    return process_shard(
        worker,
        order,
        hello.run_dir,
        hello.building,
        on_rows=lambda rows, fresh: send((rows, fresh)),
        stopping=ears,
    )


def main(fd: int) -> None:
    """Work on shards until the runner closes the connection, and return then: what was to be done at exit is done.

    Args:
        fd: This end of the connection.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the runner tells what a Ctrl-C means
    connection = Connection(fd)
    try:
        hello: Hello = connection.recv()
        _die_with(hello.parent)
        connection.send(Begun())
        with share_with_workers(hello.run_dir):
            _work(connection, hello)
    except (EOFError, BrokenPipeError, ConnectionResetError):  # in the middle of the work
        os._exit(0)
