"""Where the work is done: in this process, in worker processes, or on a Ray cluster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from shard_runner.engines import Engine, InProcessEngine
from shard_runner.errors import PipelineError
from shard_runner.stages import Stage


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where the work is done. The result does not depend on it, byte for byte."""

    engine: Literal["local", "ray"] = "local"
    """This machine, or actors on a Ray cluster."""
    workers: int = 1
    """Of each stage that does not say otherwise. On this machine, 1 works in the process that calls `run`, unless
    stages overlap, or one of them asks for more workers or for GPUs."""
    gpus_per_worker: float = 0.0
    """GPUs of each worker, a fraction to share one; for stages that do not say otherwise. 0: they see what is there.
    Stages that overlap have GPUs of their own, or share one by fractions."""
    overlap: bool = False
    """Stages start on what those before them have finished: a stage on the GPU and one on the cores work side by side.
    Each needs memory for its own workers."""
    ray_address: str | None = None
    """Of a running cluster, such as `auto` or `ray://head:10001`; by default Ray is started on this machine."""
    exchange: str | None = None
    """Folder or fsspec URI through which finished shards come and go, where the machines share no file system."""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise PipelineError(f"workers must be at least 1; got {self.workers}")
        if self.gpus_per_worker < 0:
            raise PipelineError(f"gpus_per_worker must be 0 or more; got {self.gpus_per_worker}")
        if self.engine not in ("local", "ray"):
            raise PipelineError(f"engine must be 'local' or 'ray'; got {self.engine!r}")
        if self.engine == "local" and (self.ray_address or self.exchange):
            raise PipelineError("ray_address and exchange need engine='ray'")

    def make_engine(self, *, stages: Sequence[Stage], stopping: Callable[[], bool]) -> Engine:
        """Return the engine; workers are started when there is work.

        Args:
            stages: That it is to work on: on this machine, what they ask for decides whether it needs processes.
            stopping: Tells whether the run was asked to stop.

        Raises:
            WorkerError: what it needs is not installed.
        """
        if self.engine == "ray":
            from shard_runner.engines.ray_actors import RayEngine

            return RayEngine(address=self.ray_address, exchange=self.exchange)
        asks = any(self.workers_of(stage) > 1 or self.gpus_of(stage) > 0 for stage in stages)
        if self.workers > 1 or self.overlap or asks:
            from shard_runner.engines.processes import ProcessEngine

            return ProcessEngine()
        return InProcessEngine(stopping=stopping)

    def workers_of(self, stage: Stage) -> int:
        """Return how many workers a stage has."""
        return self.workers if stage.workers is None else stage.workers

    def gpus_of(self, stage: Stage) -> float:
        """Return how many GPUs each worker of a stage has."""
        return self.gpus_per_worker if stage.num_gpus is None else stage.num_gpus


HERE = Placement()
"""In the process that calls `run`, unless a stage asks for more workers or for GPUs."""
