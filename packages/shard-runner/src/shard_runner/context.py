"""What all parts of one run share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shard_runner.engines.engine import Engine
from shard_runner.placement import Placement
from shard_runner.provenance import content_of
from shard_runner.stages import Plan


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """One call of `run`."""

    run_dir: Path
    plan: Plan
    seed: int
    shard_size: int
    limit: int | None
    max_failed_share: float
    progress: bool
    placement: Placement
    engine: Engine
    stopping: Callable[[], bool]
    """Tells whether the run was asked to stop."""

    def made_from(self, name: str, growing: dict[str, str] | None = None) -> dict[str, Any]:
        """Return what a step is made from: its recipe, and the fingerprints of its inputs.

        Args:
            name: Of the step.
            growing: For inputs that are still at work, what stands for their fingerprint.
        """
        growing = growing or {}
        contents = {other: growing.get(other) or content_of(self.run_dir, other) for other in self.plan.inputs[name]}
        assert None not in contents.values(), "inputs are brought up to date first"
        rows = self.plan.row_inputs(name)
        tasks = {other: content for other, content in contents.items() if other not in rows}
        samples = self.plan.samples(name)
        told = {"name": name, "recipe": self.plan.recipes[name], "tasks": tasks, "inputs": contents}
        return told if samples is None else {**told, "samples": samples}
