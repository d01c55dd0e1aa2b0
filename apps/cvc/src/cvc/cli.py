"""The command line `cvc`: run, each step, status, explain, report, demo, study."""

from collections.abc import Sequence
from pathlib import Path

import click
from shard_runner import Step
from shard_runner.cli import make_cli

from cvc.demo import demo_settings
from cvc.experiment import study_command
from cvc.pipeline import STEPS, build_pipeline, check_needs
from cvc.report import headline, make_report, savings
from cvc.settings import CvcSettings


def _build(settings: CvcSettings, run_dir: Path) -> Sequence[Step]:
    command = click.get_current_context().info_name or ""
    check_needs(settings, command if command in STEPS else "compare")
    return build_pipeline(settings, run_dir)


main = make_cli(
    "cvc",
    help="Hide what must be there, guess it many times, learn from the few right rationales, and prove it.",
    settings=CvcSettings,
    build=_build,
    stages=STEPS,
    demo=demo_settings,
    report=make_report,
    headline=lambda settings, run_dir: "\n\n".join(filter(None, [savings(settings, run_dir), headline(run_dir)])),
)
main.add_command(study_command)
