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


def check_one_round(rounds: int, *, error: type[click.UsageError] = click.UsageError) -> None:
    """Refuse to tell what several rounds would do: each starts from a model that the one before it is to make.

    Args:
        rounds: How many are asked for.
        error: What is raised; an app may give its own.

    Raises:
        click.UsageError: They are more than one; of the class `error`.
    """
    if rounds > 1:
        raise error("--dry-run tells of one round: leave --rounds out, and give --out RUN/round-1")


def rounds_above(run_dir: Path) -> Path | None:
    """Return the folder of rounds that a run is one of; None for a run by itself."""
    run_dir = run_dir.absolute()
    above = read_record(run_dir.parent / RUN_RECORD) or {}  # which may be a file of somebody else
    is_round = above.get("pipeline") == [] and run_dir in round_runs(run_dir.parent)
    return run_dir.parent if is_round else None


def round_runs(run_dir: Path) -> list[Path]:
    """Return the runs of rounds that a folder holds, in order."""
    folders = [path.parent for path in run_dir.glob(f"round-*/{RUN_RECORD}")]
    numbered = ((re.fullmatch(r"round-([1-9]\d*)", folder.name), folder) for folder in folders)
    return [folder for _, folder in sorted((int(match[1]), folder) for match, folder in numbered if match)]
