"""A run in rounds: a folder without steps of its own, with a run for each round in `round-1`, `round-2`, ..."""

import re
from pathlib import Path

import click

from shard_runner.disk import read_record
from shard_runner.record import RUN_RECORD


def check_run_kind(run_dir: Path, rounds: int, *, error: type[click.UsageError] = click.UsageError) -> None:
    """Make sure that a folder holds no run of the other kind: rounds where one is asked for, or the other way round.

    Args:
        run_dir: The run folder, which need not be there yet.
        rounds: How many are asked for, by `--rounds`.
        error: What is raised; an app may give its own.

    Raises:
        click.UsageError: It does; of the class `error`.
    """
    has_rounds = (run_dir / "round-1").is_dir()
    if rounds == 1 and has_rounds:
        raise error(f"{run_dir} holds a run in rounds: give --rounds 2 or more, or another --out.")
    if rounds > 1 and not has_rounds and (read_record(run_dir / RUN_RECORD) or {}).get("pipeline"):
        raise error(f"{run_dir} holds a run of one round: leave --rounds out, or give another --out.")


def round_runs(run_dir: Path) -> list[Path]:
    """Return the runs of rounds that a folder holds, in order."""
    folders = [path.parent for path in run_dir.glob(f"round-*/{RUN_RECORD}")]
    numbered = ((re.fullmatch(r"round-([1-9]\d*)", folder.name), folder) for folder in folders)
    return [folder for _, folder in sorted((int(match[1]), folder) for match, folder in numbered if match)]
