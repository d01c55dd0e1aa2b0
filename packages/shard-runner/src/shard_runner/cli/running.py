"""A pipeline run as settings say."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shard_runner.cli.flags import fields_of
from shard_runner.cli.settings import RunSettings, is_secret
from shard_runner.runner import RunSummary, run
from shard_runner.stages import Step


def run_by_settings(
    pipeline: Sequence[Step],
    run_dir: Path,
    *,
    settings: BaseModel,
    only: Sequence[str] | None = None,
    progress: bool = True,
) -> RunSummary:
    """Bring a run up to date, with seed, limits and shards from its settings; `run.json` keeps all but the keys.

    Args:
        settings: With the fields of `RunSettings`.
        only: Names of steps to bring up to date, with what they need; default all.
    """
    how = RunSettings.model_validate(settings)
    return run(
        pipeline,
        run_dir,
        seed=how.seed,
        only=only,
        shard_size=how.shard_size,
        limit=how.limit,
        max_failed_share=how.max_failed_share,
        progress=progress,
        settings=public_settings(settings),
        placement=how.placement(),
    )


def public_settings(settings: BaseModel) -> dict[str, Any]:
    """Return settings as plain values, as `run.json` keeps them: without keys, and without where the work is done."""
    values = settings.model_dump(mode="json", exclude=set(RunSettings.placement_fields))
    for path, info in fields_of(type(settings)):
        if is_secret(info.annotation):
            holder = functools.reduce(lambda inner, name: inner.get(name) or {}, path[:-1], values)
            holder.pop(path[-1], None)
    return values
