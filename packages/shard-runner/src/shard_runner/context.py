"""What all parts of one run share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shard_runner.disk import read_json
from shard_runner.engines.engine import Engine
from shard_runner.folder import STAGE_RECORD, TASK_RECORD, stage_folder
from shard_runner.stages import Plan


@dataclass(frozen=True)
class RunContext:
    """One call of `run`."""

    run_dir: Path
    plan: Plan
    seed: int
    shard_size: int
    limit: int | None
    max_failed_share: float
    progress: bool
    workers: int
    num_gpus: float
    """Of each worker of a stage that does not say otherwise."""
    engine: Engine
    stopping: Callable[[], bool]
    """Tells whether the run was asked to stop."""

    def content_of(self, name: str) -> str | None:
        """Return the fingerprint of a step's output; None where it has not finished."""
        folder = stage_folder(self.run_dir, name)
        record = read_json(folder / STAGE_RECORD) or read_json(folder / TASK_RECORD)
        return record["content"] if record and record.get("finished", True) else None

    def made_from(self, name: str, growing: dict[str, str] | None = None) -> dict[str, Any]:
        """Return what a step is made from: its recipe, and the fingerprints of its inputs.

        Args:
            name: Of the step.
            growing: For inputs that are still at work, what stands for their fingerprint.
        """
        contents = {other: (growing or {}).get(other) or self.content_of(other) for other in self.plan.inputs[name]}
        assert None not in contents.values(), "inputs are brought up to date first"
        rows = self.plan.row_inputs(name)
        tasks = {other: content for other, content in contents.items() if other not in rows}
        samples = self.plan.samples(name)
        told = {"name": name, "recipe": self.plan.recipes[name], "tasks": tasks, "inputs": contents}
        return told if samples is None else {**told, "samples": samples}
