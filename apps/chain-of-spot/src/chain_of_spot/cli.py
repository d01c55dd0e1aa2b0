"""The command line `chain-of-spot`: run, each step, ask, status, explain, report, demo, study."""

from collections.abc import Sequence
from pathlib import Path

import click
from shard_runner import Step
from shard_runner.cli import make_cli

from chain_of_spot.asking import ask_command
from chain_of_spot.demo import demo_settings
from chain_of_spot.pipeline import STEPS, build_pipeline, check_needs
from chain_of_spot.report import headline, make_report
from chain_of_spot.settings import CosSettings
from chain_of_spot.study import study_command


def _build(settings: CosSettings, run_dir: Path) -> Sequence[Step]:
    command = click.get_current_context().info_name or ""
    last = command if command in STEPS else "train"
    check_needs(settings, last)
    return build_pipeline(settings, run_dir, last=last)


main = make_cli(
    "chain-of-spot",
    help="Find where an answer was looked up, then train and answer in two turns: where, then what.",
    settings=CosSettings,
    build=_build,
    stages=STEPS,
    demo=demo_settings,
    report=make_report,
    headline=lambda settings, run_dir: headline(run_dir),
)
main.add_command(study_command)
main.add_command(ask_command)
