"""Where shards are worked on: in this process, in worker processes, or on a Ray cluster. Same code, same bytes."""

from shard_runner.engines.engine import Broke, Died, Engine, Event, Finished, Job, Ticked
from shard_runner.engines.in_process import InProcessEngine

__all__ = ["Broke", "Died", "Engine", "Event", "Finished", "InProcessEngine", "Job", "Ticked"]
