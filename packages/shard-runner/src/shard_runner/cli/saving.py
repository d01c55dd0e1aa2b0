"""The command that writes a finished stage's rows to a file or a store."""

from pathlib import Path

import click

from shard_runner.cli.options import DEBUG, RUN
from shard_runner.sinks import write_rows
from shard_runner.tables import shown_name


def save_command() -> click.Command:
    """Return `APP save RUN STAGE TARGET`."""

    @RUN
    @click.argument("stage")
    @click.argument("target")
    @click.option("--shard-rows", type=click.IntRange(min=1), help="Rows to a file; by default all go into one.")
    @DEBUG
    def command(run_dir: Path, stage: str, target: str, shard_rows: int | None) -> None:
        count = write_rows(run_dir, stage, target, shard_rows=shard_rows)
        click.echo(f"{count} rows of {stage} -> {shown_name(target)}")

    text = "Write a finished stage's rows to a file or URI: .parquet, .jsonl, .json, .jsonl.gz or .json.gz."
    return click.command("save", help=text)(command)
