"""How long each step has taken, over all runs that led to its output."""

import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from shard_runner.disk import read_record, write_record
from shard_runner.errors import LedgerError

TIMES_RECORD = "seconds.json"
_EVERY_S = 5.0
_WRITING = threading.Lock()  # stages side by side share the file


def seconds_of(times: dict[str, Any] | None, name: str, recipe: str) -> float:
    """Return the seconds spent on a step under a recipe, as `seconds.json` says."""
    time_of_step = (times or {}).get(name, {})
    return time_of_step.get("seconds", 0.0) if time_of_step.get("recipe") == recipe else 0.0


class Stopwatch:
    """Adds the time spent on a step to `seconds.json`: at the end, and every few seconds until then, for kills.

    A thread of its own does the latter: a batch, or a task, can take hours.
    """

    def __init__(self, run_dir: Path, name: str, recipe: str, *, anew: bool = False) -> None:
        """Start at what earlier runs spent.

        Args:
            run_dir: Folder of the run.
            name: Of the step.
            recipe: Its fingerprint; time under another one does not count.
            anew: Start at zero: the step uses nothing of earlier runs.
        """
        self._path, self._name, self._recipe = run_dir / TIMES_RECORD, name, recipe
        self._before = 0.0 if anew else seconds_of(read_record(self._path), name, recipe)
        self._start = time.monotonic()
        self._stopped = threading.Event()
        self._noting = threading.Thread(target=self._note, name=f"stopwatch of {name}", daemon=True)

    def __enter__(self) -> "Stopwatch":
        self._noting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Write the time down, for good."""
        if not self._stopped.is_set():
            self._stopped.set()
            self._noting.join()
            self._write()

    def _note(self) -> None:
        while not self._stopped.wait(_EVERY_S):
            with suppress(OSError, LedgerError):  # `stop` tells of it, in the thread that can act on it
                self._write()

    def _write(self) -> None:
        spent = round(self._before + time.monotonic() - self._start, 3)
        with _WRITING:
            times = read_record(self._path) or {}
            write_record(self._path, {**times, self._name: {"recipe": self._recipe, "seconds": spent}})
