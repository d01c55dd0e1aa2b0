"""The commands of `bench-eval`, in the order in which people need them."""

from __future__ import annotations

import click
from shard_runner.cli import OneLineGroup, use_one_thread

from bench_eval.cli.comparing import compare_command, compare_runs_command
from bench_eval.cli.importing import import_command
from bench_eval.cli.listing import data_command, list_command
from bench_eval.cli.planning import power_command
from bench_eval.cli.running import run_command
from bench_eval.cli.scoring import disagreements_command, score_command
from bench_eval.cli.uploading import upload_command

_HELP = """Ask vision-language models the benchmarks that people publish, and compare two of them honestly.

\b
bench-eval list                                    which tasks there are
bench-eval data mmvp                               what to put where
bench-eval power mmvp                              what a comparison could find
bench-eval run --model M --tasks mmvp --data D --run R
bench-eval compare M ADAPTER --tasks mmvp,pope --data D --run R --html page.html
"""


def make_commands() -> click.Group:
    """Return the command group."""
    use_one_thread()
    group = OneLineGroup("bench-eval", help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
    commands = [list_command, data_command, power_command, run_command, compare_command, compare_runs_command]
    for command in [*commands, score_command, disagreements_command, import_command, upload_command]:
        group.add_command(command)
    return click.version_option(package_name="bench-eval", prog_name="bench-eval")(group)
