"""`selfsynthx demo`: the whole method on the embedded world, on the same code paths as `selfsynthx run`."""

from pathlib import Path

from shard_runner import RunSummary
from shard_runner.cli import use_one_thread

from selfsynthx.pipeline import check_needs
from selfsynthx.report import make_report
from selfsynthx.running import run_method
from selfsynthx.settings import SynthSettings
from selfsynthx.world import DEMO, FAST, world_settings, write_world


def demo_settings(out: Path, fast: bool, seed: int) -> SynthSettings:
    """Draw the world under `out/world` and return the settings of a run on it, with its control."""
    use_one_thread()
    size = FAST if fast else DEMO
    write_world(out / "world", size, seed)
    return world_settings(out / "world", size, seed)


def run_demo(out: Path, *, fast: bool = False, seed: int = 0, progress: bool = True) -> RunSummary:
    """Draw the world, go through the rounds in `out`, and write the report; killed, the same call goes on."""
    return run_settings(demo_settings(out, fast, seed), out, progress=progress)


def run_settings(settings: SynthSettings, out: Path, *, progress: bool = True) -> RunSummary:
    """Bring a run up to date by its settings, and write the report.

    Raises:
        SettingsError: a setting without a default is missing.
    """
    check_needs(settings)
    summary = run_method(settings, out, progress=progress)
    make_report(settings, out)
    return summary
