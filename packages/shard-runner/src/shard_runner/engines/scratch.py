"""An actor's side of an exchange: a folder of its own that mirrors the run folder's layout."""

import contextlib
import fcntl
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from shard_runner.batches import StageWorker
from shard_runner.engines.exchange import TOKEN_NAME, Exchange, InputPart, Parcel, input_names, input_parts
from shard_runner.errors import ShardRunnerError, WorkerError
from shard_runner.folder import building_folder, journal_path, part_path, stage_folder
from shard_runner.ledger import ledger_path
from shard_runner.outcomes import StageFn
from shard_runner.processing import Order, process_shard
from shard_runner.stages import Stage
from shard_runner.uris import masked


class _Mailing(StageWorker):
    """A stage on a worker that does something before each call of its function, without a trace in tracebacks."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._made = StageWorker(stage)
        self.before_call: Callable[[], object] = lambda: None

    @property
    def call(self) -> StageFn:  # type: ignore[override]
        """The stage's function."""
        self.before_call()
        return self._made.call


class _JournalPost:
    """Puts what an attempt adds to its journal into the exchange, piece by piece.

    A node that is lost costs the rows since the last piece, and the batch under way. On a shard on which workers
    ended, each row is put before the next is begun, and which one that is.
    """

    def __init__(self, exchange: Exchange, parcel: Parcel, path: Path, wait_s: float) -> None:
        self._exchange, self._parcel, self._path = exchange, parcel, path
        self._wait_s = wait_s
        self._sent, self._pieces = path.stat().st_size if path.exists() else 0, 0
        self._put_at = time.monotonic()

    def put_if_due(self) -> None:
        """Put what is new, unless that was done just now."""
        if time.monotonic() - self._put_at >= self._wait_s:
            self.put()

    def put(self) -> None:
        """Put what is new."""
        with self._path.open("rb") as file:
            file.seek(self._sent)
            new = file.read()
        if new:
            self._exchange.put(self._parcel.journal_piece(self._pieces), new)
            self._pieces += 1
            self._sent += len(new)
        self._put_at = time.monotonic()


class Scratch:
    """Works on shards in a folder of its own: fetches what a shard needs, and puts back what it comes to."""

    def __init__(self, stage: Stage, exchange: str, token: str, *, put_every_s: float) -> None:
        """Reach the exchange.

        Args:
            stage: To be worked on.
            exchange: URI of the runner's folder in it.
            token: What the runner left there.
            put_every_s: The journal of an open shard is put there so often, at most.

        Raises:
            WorkerError: it can't be reached from here, or is another one of the same name.
        """
        self._exchange, self._put_every_s = Exchange(exchange), put_every_s
        _check_reach(self._exchange, token)
        self._worker = _Mailing(stage)
        self._folder, self._lock = _new_folder()
        self._building = building_folder(self._folder, stage.name)
        self._building.mkdir()
        self._inputs: set[InputPart] = set()

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def process(
        self, order: Order, parcel: Parcel, *, on_rows: Callable[[int, int], object], stopping: Callable[[], bool]
    ) -> int:
        """Finish a shard, and return how many of its rows failed."""
        index = order.shard.index
        self._fetch_inputs(order)
        with self._journal_kept(order, parcel):
            failed = process_shard(
                self._worker, order, self._folder, self._building, on_rows=on_rows, stopping=stopping
            )
        self._exchange.put_file(parcel.part, part_path(self._building, index))
        self._exchange.put_file(parcel.ledger, ledger_path(self._building, index))
        self._exchange.put(parcel.finished, b"")
        part_path(self._building, index).unlink()
        ledger_path(self._building, index).unlink()
        return failed

    def _fetch_inputs(self, order: Order) -> None:
        needed = set(input_parts(order.shard))
        for step, index in self._inputs - needed:
            part_path(stage_folder(self._folder, step), index).unlink()
            ledger_path(stage_folder(self._folder, step), index).unlink()
        self._inputs &= needed
        for part in sorted(needed - self._inputs):
            folder = stage_folder(self._folder, part[0])
            (folder / "ledger").mkdir(parents=True, exist_ok=True)
            paths = (part_path(folder, part[1]), ledger_path(folder, part[1]))
            for name, path in zip(input_names(part), paths, strict=True):
                self._exchange.fetch_file(name, path)
            self._inputs.add(part)

    @contextmanager
    def _journal_kept(self, order: Order, parcel: Parcel) -> Generator[None]:
        path = journal_path(self._building, order.shard.index)
        path.unlink(missing_ok=True)
        if parcel.has_journal:
            self._exchange.fetch_file(parcel.base_journal, path)
        post = _JournalPost(self._exchange, parcel, path, 0.0 if order.careful else self._put_every_s)
        self._worker.before_call = post.put_if_due
        try:
            yield
        except BaseException:
            with contextlib.suppress(FileNotFoundError):  # it did not come to a journal
                post.put()
            path.unlink(missing_ok=True)
            raise


def _check_reach(exchange: Exchange, token: str) -> None:
    try:
        reached = exchange.read(TOKEN_NAME) == token.encode()
        why = "another folder of the same name is there"
    except ShardRunnerError as error:
        reached, why = False, str(error)
    if not reached:
        raise WorkerError(
            f"the actor on {socket.gethostname()} (process {os.getpid()}) can't reach the exchange: {masked(why)}. All "
            "machines need its keys in their environment, and a folder must be one that they share"
        )


def _new_folder() -> tuple[Path, int]:
    """Make a folder that is ours as long as we hold its lock, and remove those whose owners are gone."""
    root = Path(tempfile.gettempdir()) / f"shard-runner-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    for other in root.iterdir():
        handle = _held(other)
        if handle is not None:
            shutil.rmtree(other, ignore_errors=True)
            os.close(handle)
    while True:
        folder = Path(tempfile.mkdtemp(dir=root))
        handle = _held(folder)
        if handle is not None and (folder / ".lock").exists():
            return folder, handle
        if handle is not None:  # another actor took it for abandoned before we held it
            os.close(handle)


def _held(folder: Path) -> int | None:
    """Return the handle that holds a folder's lock; None where another process holds it."""
    try:
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
