"""The life of a worker process: `python -m shard_runner.engines.worker_process FD`, started by `processes.py`."""

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
from shard_runner.errors import ShardTaken, Stopped
from shard_runner.lock import share_with_workers
from shard_runner.processing import Order, process_shard

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
    search_path: list[str]


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


def _work(connection: Connection, hello: Hello, worker: StageWorker) -> None:
    ears = _Ears(connection)
    while True:
        message: Any = connection.recv()
        if not isinstance(message, Order):
            continue  # a request to stop that came between two shards: no more will be sent
        connection.send(_outcome(worker, message, hello, ears, connection.send))


def _outcome(
    worker: StageWorker, order: Order, hello: Hello, ears: Callable[[], bool], send: Callable[[Any], None]
) -> Any:
    """Return what became of a shard: the number of failed rows, or what was raised."""
    try:
        return process_shard(
            worker,
            order,
            hello.run_dir,
            hello.building,
            on_rows=lambda rows, fresh: send((rows, fresh)),
            stopping=ears,
        )
    except (Stopped, ShardTaken, Exception) as error:
        return Raised(sendable(error))


def main() -> None:
    """Work on shards until the runner closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the runner tells what a Ctrl-C means
    connection = Connection(int(sys.argv[1]))
    try:
        hello: Hello = connection.recv()
        _die_with(hello.parent)
        sys.path[:] = hello.search_path
        with share_with_workers(hello.run_dir):
            _work(connection, hello, StageWorker(pickle.loads(hello.stage)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)


if __name__ == "__main__":
    main()
