"""The command line `world2code`: run, each step, status, explain, report, demo, study, ablate."""

from collections.abc import Sequence
from pathlib import Path

import click
from shard_runner import Step
from shard_runner.cli import make_cli

from world2code.demo import demo_settings
from world2code.pipeline import STEPS, build_pipeline, check_needs
from world2code.report import headline, make_report
from world2code.settings import W2cSettings
from world2code.study import ablate_command, study_command


def _build(settings: W2cSettings, run_dir: Path) -> Sequence[Step]:
    command = click.get_current_context().info_name or ""
    last = command if command in STEPS else "train"
    check_needs(settings, last)
    return build_pipeline(settings, run_dir, last=last)


main = make_cli(
    "world2code",
    help="Caption, ground, ask again, drop what the model does not confirm, and write the scene as code to learn from.",
    settings=W2cSettings,
    build=_build,
    stages=STEPS,
    demo=demo_settings,
    report=make_report,
    headline=lambda settings, run_dir: headline(run_dir),
)
main.add_command(study_command)
main.add_command(ablate_command)
