"""`chain-of-spot demo`: the whole method on the embedded world, on the same code paths as `chain-of-spot run`."""

import time
from pathlib import Path
from typing import Any

import click
from shard_runner import RunSummary
from shard_runner.cli import run_by_settings, use_one_thread

from chain_of_spot.pipeline import build_pipeline, check_needs
from chain_of_spot.report import headline, make_report
from chain_of_spot.settings import CosSettings
from chain_of_spot.world import FAST, FULL, world_settings, write_world


def run_demo(out: Path, *, fast: bool = False, seed: int = 0, progress: bool = True, **changes: Any) -> RunSummary:
    """Draw the world under `out/world`, run the pipeline with its controls in `out`, and write the report.

    Killed, the same call goes on where it was.
    """
    use_one_thread()
    size = FAST if fast else FULL
    write_world(out / "world", size, seed)
    return run_settings(world_settings(out / "world", size, seed, **changes), out, progress=progress)


def run_settings(settings: CosSettings, out: Path, *, progress: bool = True) -> RunSummary:
    """Bring a run up to date by its settings, and write the report.

    Raises:
        SettingsError: a setting without a default is missing.
    """
    check_needs(settings)
    summary = run_by_settings(build_pipeline(settings, out), out, settings=settings, progress=progress)
    make_report(settings, out)
    return summary


@click.command("demo", help="Do everything on the embedded world with the tiny model, in minutes.")
@click.option("--fast", is_flag=True, help="The smallest run that shows every step, about a minute.")
@click.option(
    "--out", type=click.Path(path_type=Path), default="chain-of-spot-demo", show_default=True, help="Run folder."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another world.")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
def demo_command(fast: bool, out: Path, seed: int, debug: bool) -> None:
    """Run the demo and tell how it went."""
    start = time.monotonic()
    summary = run_demo(out, fast=fast, seed=seed)
    click.echo(summary)
    click.echo(f"\n{headline(out)}\n\n{time.monotonic() - start:.0f} s; report: {out / 'report.html'}")
