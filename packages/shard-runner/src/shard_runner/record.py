"""What `run.json` says: how a run was made."""

import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from shard_runner.disk import read_record
from shard_runner.errors import LedgerError
from shard_runner.stages import Plan, Source, schema_text

RUN_RECORD = "run.json"


def describe_run(plan: Plan, how: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resolved configuration of a run, the versions of all installed packages and the git revision."""
    steps = [
        {
            "name": step.name,
            "kind": type(step).__name__.lower(),
            "inputs": list(plan.inputs[step.name]),
            "config": dict(step.config),
            "version": "" if isinstance(step, Source) else step.version,
            "recipe": plan.recipes[step.name],
            **({"schema": schema} if (schema := schema_text(step)) else {}),
            **({} if plan.samples(step.name) is None else {"samples": plan.samples(step.name)}),
        }
        for step in plan.steps
    ]
    return {
        **how,
        "settings": dict(settings),
        "pipeline": steps,
        "python": platform.python_version(),
        "packages": installed_versions(),
        "git": _git_revision(),
    }


def run_record(run_dir: Path) -> dict[str, Any]:
    """Return what `run.json` says.

    Raises:
        LedgerError: when the folder holds no run, or the file is damaged.
    """
    record = read_record(run_dir / RUN_RECORD)
    if record is None:
        raise LedgerError(f"{run_dir} holds no run: there is no {RUN_RECORD} in it")
    return record


@cache
def installed_versions() -> dict[str, str]:
    """Return the version of every installed package by name, read once per process."""
    return dict(sorted((dist.name, dist.version) for dist in distributions()))


def _git_revision() -> str | None:
    """Return the revision of the checkout that the process was started in, `+` after it when files were changed."""
    try:
        revision = _git("rev-parse", "HEAD")
        return f"{revision}+" if _git("status", "--porcelain", "--untracked-files=no") else revision
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
