"""The command line `chain-of-spot`: run, each step, ask, status, explain, report, demo, study."""

from collections.abc import Sequence
from pathlib import Path

from shard_runner import Step
from shard_runner.cli import check_one_round, make_cli

from chain_of_spot.asking import ask_command
from chain_of_spot.demo import demo_settings
from chain_of_spot.pipeline import STEPS, build_pipeline
from chain_of_spot.report import headline, make_report
from chain_of_spot.rounds import run_command
from chain_of_spot.rounds_report import rounds_headline
from chain_of_spot.settings import CosSettings
from chain_of_spot.study import study_command


def _build(settings: CosSettings, run_dir: Path) -> Sequence[Step]:
    check_one_round(settings.rounds)
    return build_pipeline(settings, run_dir)


def _headline(settings: CosSettings, run_dir: Path) -> str:
    return rounds_headline(run_dir) if settings.rounds > 1 else headline(run_dir)


main = make_cli(
    "chain-of-spot",
    help="Find where an answer was looked up, then train and answer in two turns: where, then what.",
    settings=CosSettings,
    build=_build,
    run=run_command,
    stages=STEPS,
    demo=demo_settings,
    report=make_report,
    headline=_headline,
)
main.add_command(study_command)
main.add_command(ask_command)
