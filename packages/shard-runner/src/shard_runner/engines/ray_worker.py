"""The life of an actor: one worker of a stage, wherever Ray placed it."""

import os
import pickle
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Event

from shard_runner.batches import StageWorker
from shard_runner.engines.exchange import Parcel
from shard_runner.engines.scratch import Scratch
from shard_runner.engines.sending import Raised, sendable
from shard_runner.errors import ShardTaken, Stopped, WorkerError
from shard_runner.lock import share_with_workers
from shard_runner.processing import Order, process_shard
from shard_runner.stages import Stage

TOKEN_FILE = ".workers"
"""Holds the runner's token: an actor that reads it there sees the same run folder. The next runner removes the file."""

MOST_CALLS = 4
"""Calls of an actor that may run at once: `work`, `progress`, `stop` and one to spare."""

_REACH_S = 5.0  # a network file system may show a new file late


@dataclass(frozen=True)
class Setting:
    """What an actor needs besides its stage."""

    run_dir: Path
    building: Path
    token: str
    exchange: str | None
    """URI of the runner's own folder in the exchange; None where the actor works in the run folder."""
    put_every_s: float
    """A journal is put into the exchange so often, at most."""
    search_path: list[str]
    versions: dict[str, str]
    """Of the packages on which the bytes of a part depend."""


def own_versions() -> dict[str, str]:
    """Return the versions of the packages on which the bytes of a part depend."""
    return {name: version(name) for name in ("shard-runner", "pyarrow")}


@dataclass(frozen=True)
class Progress:
    """How far an actor is with an assignment."""

    number: int
    """Of the assignment."""
    rows: int = 0
    """Rows that need no more work."""
    fresh: int = 0
    """Those of them that were worked on."""


@dataclass(frozen=True)
class Result:
    """What became of an assignment."""

    progress: Progress
    outcome: int | Raised
    """Number of rows that failed, or what was raised."""


class ShardActor:
    """Works on one shard after the other and keeps the stage's heavy objects in between.

    The stage's code always runs in the same thread (libraries keep settings by thread); Ray calls `progress` and `stop`
    in others meanwhile.
    """

    def __init__(self, setting: Setting, stage: bytes) -> None:
        self._setting, self._stage = setting, stage
        self._thread = ThreadPoolExecutor(1)
        self._stopping = Event()
        self._progress = Progress(0)
        self._kept = ExitStack()
        self._worker: StageWorker | None = None
        self._scratch: Scratch | None = None

    def greet(self) -> Raised | None:
        """Load the stage and find the folder to work in; return what went wrong."""
        return self._thread.submit(self._greet).result()

    def _greet(self) -> Raised | None:
        try:
            sys.path.extend(path for path in self._setting.search_path if path not in sys.path)
            _check_versions(self._setting.versions)
            self._settle_in(_load(self._stage), self._setting)
        except Exception as error:
            return Raised(sendable(error))
        return None

    def _settle_in(self, stage: Stage, setting: Setting) -> None:
        if setting.exchange is None:
            _check_reach(setting.run_dir, setting.token)
            self._kept.enter_context(share_with_workers(setting.run_dir))
            self._worker = StageWorker(stage)
        else:
            scratch = Scratch(stage, setting.exchange, setting.token, put_every_s=setting.put_every_s)
            self._scratch = self._kept.enter_context(scratch)

    def work(self, number: int, order: Order, parcel: Parcel | None) -> Result:
        """Finish a shard."""
        return self._thread.submit(self._work, number, order, parcel).result()

    def _work(self, number: int, order: Order, parcel: Parcel | None) -> Result:
        self._progress = Progress(number)
        outcome: int | Raised
        try:
            outcome = self._process(order, parcel)
        except (Stopped, ShardTaken, Exception) as error:
            outcome = Raised(sendable(error))
        return Result(self._progress, outcome)

    def _process(self, order: Order, parcel: Parcel | None) -> int:
        stopping = self._stopping.is_set
        if self._scratch is not None:
            assert parcel is not None, "work by exchange comes with a parcel"
            return self._scratch.process(order, parcel, on_rows=self._note, stopping=stopping)
        assert self._worker is not None, "actors are greeted before they get work"
        folders = (self._setting.run_dir, self._setting.building)
        return process_shard(self._worker, order, *folders, on_rows=self._note, stopping=stopping)

    def _note(self, rows: int, fresh: int) -> None:
        before = self._progress
        self._progress = Progress(before.number, before.rows + rows, before.fresh + fresh)

    def progress(self) -> Progress:
        """Return how far the assignment under way is."""
        return self._progress

    def stop(self) -> None:
        """Stop after the batch under way."""
        self._stopping.set()

    def leave(self) -> None:
        """Remove what would be left behind on this machine."""
        self._kept.close()


def _check_versions(versions: dict[str, str]) -> None:
    """Make sure that parts come out the same here as everywhere.

    Raises:
        WorkerError: they may not.
    """
    if own_versions() != versions:
        raise WorkerError(
            f"the actor on {socket.gethostname()} has {own_versions()}, the runner has {versions}; install the same "
            "versions on all machines, so that the files are the same wherever they are made"
        )


def _load(stage: bytes) -> Stage:
    try:
        return pickle.loads(stage)
    except Exception as error:
        raise WorkerError(
            f"the actor on {socket.gethostname()} can't load the stage: {type(error).__name__}: {error}. All machines "
            "need the packages that it comes from, in the same versions"
        ) from error


def _check_reach(run_dir: Path, token: str) -> None:
    """Make sure that this is the runner's folder, not one of the same name on this machine.

    Raises:
        WorkerError: it is not.
    """
    until = time.monotonic() + _REACH_S
    while True:
        try:
            if (run_dir / TOKEN_FILE).read_text() == token:
                return
        except OSError:
            pass
        if time.monotonic() > until:
            raise WorkerError(
                f"the actor on {socket.gethostname()} (process {os.getpid()}) can't see the run folder {run_dir}. "
                "Put it on a file system that all machines share under the same path, or give an exchange "
                "(exchange='s3://bucket/folder', or another URI that all reach), for parts to come and go through"
            )
        time.sleep(0.2)
