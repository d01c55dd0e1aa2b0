"""How long each step has taken, over all runs that led to its output."""

import time
from pathlib import Path
from types import TracebackType
from typing import Any

from shard_runner.disk import read_json, write_json

TIMES_RECORD = "seconds.json"
_EVERY_S = 5.0


def seconds_of(times: dict[str, Any] | None, name: str, recipe: str) -> float:
    """Return the seconds spent on a step under a recipe, as `seconds.json` says."""
    time_of_step = (times or {}).get(name, {})
    return time_of_step.get("seconds", 0.0) if time_of_step.get("recipe") == recipe else 0.0


class Stopwatch:
    """Adds the time spent on a step to `seconds.json`, every few seconds, and also when it is interrupted."""

    def __init__(self, run_dir: Path, name: str, recipe: str) -> None:
        self._path, self._name, self._recipe = run_dir / TIMES_RECORD, name, recipe
        self._before = seconds_of(read_json(self._path), name, recipe)
        self._start = self._noted = time.monotonic()
        self._stopped = False

    def note(self) -> None:
        """Write the time down, unless that was done a moment ago."""
        if time.monotonic() - self._noted >= _EVERY_S:
            self._write()

    def stop(self) -> None:
        """Write the time down, for good."""
        if not self._stopped:
            self._stopped = True
            self._write()

    def _write(self) -> None:
        self._noted = time.monotonic()
        spent = round(self._before + self._noted - self._start, 3)
        times = read_json(self._path) or {}
        write_json(self._path, {**times, self._name: {"recipe": self._recipe, "seconds": spent}})

    def __enter__(self) -> "Stopwatch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
