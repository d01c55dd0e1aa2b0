"""What the runner asks of an engine, and what it hears from it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shard_runner.processing import Order
from shard_runner.stages import Stage


@dataclass(frozen=True)
class Job:
    """A stage to be worked on, with what its workers need."""

    stage: Stage
    run_dir: Path
    building: Path
    """Folder in which the output grows."""
    workers: int
    num_gpus: float
    """Of each worker."""


@dataclass(frozen=True)
class Ticked:
    """Some more rows of a stage were finished."""

    stage: str
    shard: int
    rows: int
    """More rows of the shard that need no more work."""
    fresh: int
    """Those of them that were worked on just now."""


@dataclass(frozen=True)
class Finished:
    """A shard is finished."""

    stage: str
    shard: int
    failed: int
    """Rows of it that failed."""


@dataclass(frozen=True)
class Broke:
    """A worker raised, and no row is to blame: the run ends."""

    stage: str
    error: BaseException


@dataclass(frozen=True)
class Died:
    """A worker ended without a word; its shard is to be given to another."""

    stage: str
    order: Order
    how: str
    """Such as `signal 9`."""


Event = Ticked | Finished | Broke | Died


class Engine(Protocol):
    """Works on shards."""

    def open(self, job: Job) -> None:
        """Get ready for a stage; workers are started when the first shard comes."""
        ...

    def free(self, stage: str) -> int:
        """Return how many more shards of a stage can be taken now."""
        ...

    def submit(self, stage: str, order: Order) -> None:
        """Take a shard of a stage that was opened, without waiting for it."""
        ...

    def wait(self, on_event: Callable[[Event], None]) -> None:
        """Wait until something has happened, at most about half a second, and tell of it."""
        ...

    def stop(self) -> None:
        """Ask all workers to stop after the batch under way."""
        ...

    def busy(self) -> bool:
        """Tell whether a worker has a shard."""
        ...

    def dismiss(self, stage: str) -> None:
        """End the workers of a stage, at once."""
        ...

    def close(self) -> None:
        """End what is left."""
        ...
