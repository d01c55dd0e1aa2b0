"""The command line `selfsynthx`: run, each step, status, explain, report, demo, study, convert."""

from shard_runner.cli import make_cli

from selfsynthx.converting import convert_command
from selfsynthx.demo import demo_settings
from selfsynthx.pipeline import COMMANDS, build_pipeline, targets
from selfsynthx.report import headline, make_report
from selfsynthx.running import run_command
from selfsynthx.settings import SynthSettings
from selfsynthx.study import study_command

main = make_cli(
    "selfsynthx",
    help="Pick the visible features, explain with them, keep what reaches the right label, and learn in rounds.",
    settings=SynthSettings,
    build=build_pipeline,
    run=run_command,
    targets=lambda settings, command: targets(command, settings),
    stages=COMMANDS,
    demo=demo_settings,
    report=make_report,
    headline=lambda settings, run_dir: headline(run_dir),
)
main.add_command(study_command)
main.add_command(convert_command)
