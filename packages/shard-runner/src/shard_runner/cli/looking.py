"""The commands that look at a run and change nothing: status and explain, as text or as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from shard_runner.accounts import StageAccount, accounts_to_text, status
from shard_runner.cli.options import DEBUG, RUN
from shard_runner.cli.rounds import round_runs
from shard_runner.errors import LedgerError
from shard_runner.explaining import explain, steps_to_text

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def status_command() -> click.Command:
    """Return `APP status RUN`."""

    @RUN
    @_JSON
    @DEBUG
    def command(run_dir: Path, as_json: bool) -> None:
        accounts = status(run_dir)
        adds_up = all(account.adds_up for account in accounts)
        if as_json:
            click.echo(to_json_text({"adds_up": adds_up, "stages": accounts_to_plain(accounts)}))
        elif accounts:
            click.echo(accounts_to_text(accounts))
        else:
            click.echo(_without_stages(run_dir))
        if not adds_up:
            raise LedgerError("some rows are not accounted for; run the pipeline again: only those are worked on")
        if accounts and not as_json and all(account.finished for account in accounts):
            click.echo("every stage: in = done + dropped + failed")

    text = "Show what became of every row, stage by stage, and that it adds up."
    return click.command("status", help=text, short_help="Show what became of every row.")(command)


def explain_command() -> click.Command:
    """Return `APP explain RUN ROW_ID`."""

    @RUN
    @click.argument("row_id")
    @_JSON
    @DEBUG
    def command(run_dir: Path, row_id: str, as_json: bool) -> None:
        steps = explain(run_dir, row_id)
        click.echo(to_json_text([asdict(step) for step in steps]) if as_json else steps_to_text(steps))

    return click.command("explain", help="Show one row's way through the stages.")(command)


def accounts_to_plain(accounts: Sequence[StageAccount]) -> list[dict[str, Any]]:
    """Return accounts as plain values, with what follows from them: pending rows, rate, time left."""
    return [
        asdict(account)
        | {
            "pending": account.pending,
            "adds_up": account.adds_up,
            "rows_per_s": account.rows_per_s,
            "seconds_left": account.seconds_left,
        }
        for account in accounts
    ]


def to_json_text(value: Any) -> str:
    """Return a value as JSON text in ASCII, which any terminal and program reads."""
    return json.dumps(value, indent=1)


def _without_stages(run_dir: Path) -> str:
    rounds = ", ".join(map(str, round_runs(run_dir)))
    return f"{run_dir} holds no stages" + (f"; each round is a run of its own: {rounds}" if rounds else "")
