"""One worker in this process: nothing is started, nothing is sent, and errors keep their tracebacks."""

from collections.abc import Callable

from shard_runner.batches import StageWorker
from shard_runner.engines.engine import Event, Finished, Job, Ticked
from shard_runner.processing import Order, process_shard


class InProcessEngine:
    """Works on one shard at a time, in the process and thread of the caller."""

    def __init__(self, *, stopping: Callable[[], bool]) -> None:
        self._stopping = stopping
        self._jobs: dict[str, tuple[Job, StageWorker]] = {}
        self._order: tuple[str, Order] | None = None

    def open(self, job: Job) -> None:
        """Get ready for a stage; what it needs is made at its first batch."""
        self._jobs[job.stage.name] = (job, StageWorker(job.stage))

    def free(self, stage: str) -> int:
        """Return 1, or 0 while a shard waits to be worked on."""
        return 0 if self._order else 1

    def submit(self, stage: str, order: Order) -> None:
        """Take a shard; `wait` works on it."""
        self._order = (stage, order)

    def wait(self, on_event: Callable[[Event], None]) -> None:
        """Work on the shard that was taken.

        Raises:
            Stopped: the run was asked to stop.
        """
        assert self._order is not None, "there is something to wait for"
        stage, order = self._order
        job, worker = self._jobs[stage]
        self._order = None
        failed = process_shard(
            worker,
            order,
            job.run_dir,
            job.building,
            on_rows=lambda rows, fresh: on_event(Ticked(stage, order.shard.index, rows, fresh)),
            stopping=self._stopping,
        )
        on_event(Finished(stage, order.shard.index, failed))

    def stop(self) -> None:
        """Do nothing: the worker asks for itself."""

    def busy(self) -> bool:
        """Tell whether a shard waits to be worked on."""
        return self._order is not None

    def dismiss(self, stage: str) -> None:
        """Forget what a stage has made."""
        self._jobs.pop(stage, None)

    def close(self) -> None:
        """Forget everything."""
        self._jobs.clear()
