"""`cvc demo`: the whole method on the embedded world, on the same code paths as `cvc run`."""

import time
from pathlib import Path

import click
from shard_runner import RunSummary
from shard_runner.cli import run_by_settings, use_one_thread

from cvc.pipeline import build_pipeline, check_needs
from cvc.report import headline, make_report
from cvc.settings import CvcSettings
from cvc.world import FAST, FULL, world_settings, write_world


def run_demo(out: Path, *, fast: bool = False, seed: int = 0, progress: bool = True) -> RunSummary:
    """Draw the world under `out/world`, run the pipeline in `out`, and write the report.

    Killed, the same call goes on where it was.
    """
    use_one_thread()
    size = FAST if fast else FULL
    write_world(out / "world", size, seed)
    settings = world_settings(out / "world", size, seed, n=8 if fast else 16)
    return run_settings(settings, out, progress=progress)


def run_settings(settings: CvcSettings, out: Path, *, progress: bool = True) -> RunSummary:
    """Bring a run up to date by its settings, and write the report.

    Raises:
        SettingsError: a setting without a default is missing.
    """
    check_needs(settings)
    summary = run_by_settings(build_pipeline(settings, out), out, settings=settings, progress=progress)
    make_report(settings, out)
    return summary


@click.command("demo", help="Do everything on the embedded world with the tiny models, in minutes.")
@click.option("--fast", is_flag=True, help="The smallest run that shows every step, about a minute.")
@click.option("--out", type=click.Path(path_type=Path), default="cvc-demo", show_default=True, help="Run folder.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another world.")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
def demo_command(fast: bool, out: Path, seed: int, debug: bool) -> None:
    """Run the demo and tell how it went."""
    start = time.monotonic()
    summary = run_demo(out, fast=fast, seed=seed)
    click.echo(summary)
    click.echo(f"\n{headline(out)}\n\n{time.monotonic() - start:.0f} s; report: {out / 'report.html'}")
