"""Models that cannot live in this process: programs with environments of their own, and who keeps them."""

from occlusion.workers.worker_process import WorkerLimits, WorkerProcess

__all__ = ["WorkerLimits", "WorkerProcess"]
