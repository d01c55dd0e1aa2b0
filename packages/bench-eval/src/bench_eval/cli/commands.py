"""The commands of `bench-eval`, in the order in which people need them."""

from __future__ import annotations

import click
from shard_runner.cli import OneLineGroup, use_one_thread

from bench_eval.cli.comparing import compare_command, compare_runs_command
from bench_eval.cli.disagreeing import disagreements_command
from bench_eval.cli.importing import import_command
from bench_eval.cli.listing import data_command, list_command
from bench_eval.cli.planning import power_command
from bench_eval.cli.running import run_command
from bench_eval.cli.scoring import score_command
from bench_eval.cli.uploading import upload_command
from bench_eval.cli.world import world_command

_HELP = """Ask vision-language models the benchmarks that people publish, and compare two of them honestly.

\b
bench-eval list                                    which tasks there are
bench-eval data mmvp                               what to put where
bench-eval power mmvp                              what a comparison could find
bench-eval run --model M --tasks mmvp --data D --out R
bench-eval compare M TUNED --tasks mmvp,pope --data D --out R --html page.html
"""


def make_commands() -> click.Group:
    """Return the command group."""
    use_one_thread()
    group = OneLineGroup("bench-eval", help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
    commands = [list_command, data_command, power_command, run_command, compare_command, compare_runs_command]
    for command in [*commands, score_command, disagreements_command, import_command, upload_command, world_command]:
        group.add_command(_with_debug(command))
    return click.version_option(package_name="bench-eval", prog_name="bench-eval")(group)


def _with_debug(command: click.Command) -> click.Command:
    if any(parameter.name == "debug" for parameter in command.params):
        return command  # of an earlier call: commands are made once
    text = "Show the traceback of an error."
    return click.option("--debug", is_flag=True, expose_value=False, help=text)(command)
