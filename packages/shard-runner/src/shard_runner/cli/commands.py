"""`make_cli`: from settings, stages, report and demo to an app's whole command line."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Generic, TypeVar

import click
from pydantic import BaseModel

from shard_runner.cli.completion import completion_command
from shard_runner.cli.exits import OneLineGroup
from shard_runner.cli.flags import given_flags, setting_flags
from shard_runner.cli.looking import accounts_to_plain, explain_command, status_command, to_json_text
from shard_runner.cli.options import DEBUG, RUN
from shard_runner.cli.running import run_by_settings
from shard_runner.cli.saving import save_command
from shard_runner.cli.settings import RunSettings, checked_settings, read_settings, with_run_settings
from shard_runner.errors import LedgerError
from shard_runner.forecasting import dry_run, forecasts_to_text
from shard_runner.record import RUN_RECORD, run_record
from shard_runner.runner import RunSummary
from shard_runner.stages import Step

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True)
class _App(Generic[S]):
    """What the commands of one app need to know."""

    settings: type[S]
    run_steps: Callable[[S, Path, str | None], RunSummary]
    build: Callable[[S, Path], Sequence[Step]]
    targets: Callable[[S, str], Sequence[str]]
    report: Callable[[S, Path], Path] | None
    headline: Callable[[S, Path], str] | None

    def run(self, settings: S, out: Path, stage: str | None = None, *, as_json: bool = False) -> None:
        summary = self.run_steps(settings, out, stage)
        if as_json:
            report = self.report(settings, out) if self.report and stage is None else None
            told = {
                "run_dir": str(out),
                "stages": accounts_to_plain(summary.accounts),
                "report": report and str(report),
            }
            click.echo(to_json_text(told))
            return
        click.echo(summary)
        if stage is None:
            self.tell(settings, out)

    def forecast(self, settings: S, out: Path, stage: str | None, *, as_json: bool) -> None:
        """Say what a run would do."""
        how, only = RunSettings.model_validate(settings), self.targets(settings, stage) if stage else None
        steps = self.build(settings, out)
        told = dry_run(steps, out, seed=how.seed, only=only, shard_size=how.shard_size, limit=how.limit)
        click.echo(to_json_text([asdict(one) for one in told]) if as_json else forecasts_to_text(told))

    def tell(self, settings: S, out: Path) -> None:
        if self.headline:
            click.echo(f"\n{self.headline(settings, out)}")
        if self.report:
            click.echo(f"\nreport: {self.report(settings, out)}")

    def settings_of(self, run_dir: Path) -> S:
        """Return the settings that a run was made with, and the keys of this environment.

        Raises:
            LedgerError: the app had settings of other names or values then.
        """
        told, keys = run_record(run_dir)["settings"], given_flags(self.settings, {})
        try:
            return checked_settings(self.settings, told, keys, source=RUN_RECORD)
        except click.UsageError as error:
            raise LedgerError(
                f"{run_dir} was made with other settings than this version has ({error.message}); run it again with "
                f"those of today, or take the versions of the packages that its {RUN_RECORD} names"
            ) from error


def make_cli(
    name: str,
    *,
    help: str,
    settings: type[S],
    build: Callable[[S, Path], Sequence[Step]],
    stages: Mapping[str, str],
    demo: Callable[[Path, bool, int], S] | None = None,
    report: Callable[[S, Path], Path] | None = None,
    headline: Callable[[S, Path], str] | None = None,
    run: Callable[[S, Path, str | None], RunSummary] | None = None,
    targets: Callable[[S, str], Sequence[str]] = lambda settings, stage: [stage],
) -> click.Group:
    """Return the command line of an app: run, one command for each stage, status, explain, report and demo.

    Args:
        name: Name of the command.
        help: What the app does, for `--help`.
        settings: The app's pydantic model. Each field of texts, numbers, choices, paths or lists of these becomes a
            flag (`--training-lr` for a field of a model in it), its description the flag's help; others have none.
            A `SecretStr` field is a key: it has no flag, comes from the environment variable of its name in capitals,
            and is never written. Fields of `RunSettings` are added where the model does not have them.
        build: Makes the pipeline of settings and run folder.
        stages: Names of the steps that are commands of their own, with one line of help each.
        demo: `(run folder, whether fast, seed)`: Prepares the embedded input in the folder and returns settings for it.
        report: Writes the report of a finished run and returns its path.
        headline: Returns the few lines that a finished run is about.
        run: `(settings, run folder, stage)`: Does the work of a command, of the whole run where the stage is None; by
            default brings the pipeline, or the steps that `targets` names, up to date.
        targets: `(settings, stage)`: Names of the pipeline's steps that a command of `stages` is about; by default that
            of its own name.
    """
    app = _App(with_run_settings(settings), run or _run_of(build, targets), build, targets, report, headline)
    group = OneLineGroup(
        name, help=help, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
    )
    group.add_command(_run_command(app, "run", "Do the whole work; run it again to go on after a stop.", None))
    for stage, text in stages.items():
        group.add_command(_run_command(app, stage, f"{text} Does what it needs first.", stage))
    group.add_command(status_command())
    group.add_command(explain_command())
    group.add_command(save_command())
    if report or headline:
        group.add_command(_report_command(app))
    if demo:
        group.add_command(_demo_command(app, name, demo))
    group.add_command(completion_command(name))
    return click.version_option(_version_of(name), prog_name=name)(group)


def _version_of(name: str) -> str:
    """Version of the distribution that the command comes with, which has its name."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown: not installed as a package"


def _run_of(
    build: Callable[[S, Path], Sequence[Step]], targets: Callable[[S, str], Sequence[str]]
) -> Callable[[S, Path, str | None], RunSummary]:
    def run(settings: S, out: Path, stage: str | None) -> RunSummary:
        return run_by_settings(
            build(settings, out), out, settings=settings, only=targets(settings, stage) if stage else None
        )

    return run


def _run_command(app: _App[S], name: str, text: str, stage: str | None) -> click.Command:
    def command(config: Path | None, out: Path, dry_run: bool, as_json: bool, **flags: Any) -> None:
        settings = read_settings(app.settings, config, given_flags(app.settings, flags))
        (app.forecast if dry_run else app.run)(settings, out, stage, as_json=as_json)

    options = [
        click.option(
            "--config", type=click.Path(path_type=Path, dir_okay=False), help="YAML file of settings; flags win."
        ),
        click.option("--out", type=click.Path(path_type=Path), required=True, metavar="RUN", help="Run folder."),
        click.option("--dry-run", is_flag=True, help="Say what would be done, and why; do nothing."),
        click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON, for programs."),
        setting_flags(app.settings),
        DEBUG,
    ]
    for option in reversed(options):
        command = option(command)
    return click.command(name, help=text)(command)


def _report_command(app: _App[S]) -> click.Command:
    @RUN
    @DEBUG
    def command(run_dir: Path) -> None:
        app.tell(app.settings_of(run_dir), run_dir)

    return click.command("report", help="Write the report of a run anew.")(command)


def _demo_command(app: _App[S], name: str, demo: Callable[[Path, bool, int], S]) -> click.Command:
    @click.option("--fast", is_flag=True, help="The smallest run that shows every step.")
    @click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another input."
    )
    @click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=Path(f"{name}-demo"),
        show_default=True,
        metavar="RUN",
        help="Run folder.",
    )
    @DEBUG
    def command(fast: bool, seed: int, out: Path) -> None:
        start = time.monotonic()
        out.mkdir(parents=True, exist_ok=True)
        chosen = app.settings.model_validate(demo(out, fast, seed).model_dump())
        app.run(chosen, out)
        click.echo(f"{time.monotonic() - start:.0f} s")

    return click.command("demo", help="Do everything on the embedded data and models, in minutes.")(command)
