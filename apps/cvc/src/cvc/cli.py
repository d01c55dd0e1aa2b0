"""The command line `cvc`: run, each step, status, explain, report, demo, study."""

from collections.abc import Sequence
from pathlib import Path

from shard_runner import Step
from shard_runner.cli import check_one_round, make_cli

from cvc.demo import demo_settings
from cvc.experiment import study_command
from cvc.pipeline import STEPS, build_pipeline
from cvc.report import headline, make_report, savings
from cvc.rounds import run_command
from cvc.rounds_report import rounds_headline
from cvc.settings import CvcSettings


def _build(settings: CvcSettings, run_dir: Path) -> Sequence[Step]:
    check_one_round(settings.rounds)
    return build_pipeline(settings, run_dir)


def _headline(settings: CvcSettings, run_dir: Path) -> str:
    if settings.rounds > 1:
        return rounds_headline(run_dir)
    return "\n\n".join(filter(None, [savings(settings, run_dir), headline(run_dir)]))


main = make_cli(
    "cvc",
    help="Hide what must be there, guess it many times, learn from the few right rationales, and prove it.",
    settings=CvcSettings,
    build=_build,
    run=run_command,
    stages=STEPS,
    demo=demo_settings,
    report=make_report,
    headline=_headline,
)
main.add_command(study_command)
