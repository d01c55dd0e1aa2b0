"""The command line `svco`: run, each step, status, explain, report, demo, study, prepare."""

from collections.abc import Sequence
from pathlib import Path

import click
from shard_runner import Step
from shard_runner.cli import make_cli

from svco.demo import demo_settings
from svco.errors import SettingsError
from svco.pipeline import STEPS, build_pipeline, check_needs
from svco.preparing import prepare_group
from svco.report import headline, make_report
from svco.settings import SvcoRunSettings
from svco.study import study_command


def _build(settings: SvcoRunSettings, run_dir: Path) -> Sequence[Step]:
    command = click.get_current_context().info_name or ""
    last = command if command in STEPS else "eval"
    if command == "filter" and not settings.filter:
        raise SettingsError("--filter is needed: without it every pair passes the step `filter`.")
    check_needs(settings, last)
    return build_pipeline(settings, run_dir, last=last)


main = make_cli(
    "svco",
    help="Pairs of nearly equal images, training that makes a VLM tell them apart, and proof.",
    settings=SvcoRunSettings,
    build=_build,
    stages=STEPS,
    demo=demo_settings,
    report=make_report,
    headline=lambda settings, run_dir: headline(run_dir),
)
main.add_command(study_command)
main.add_command(prepare_group)
