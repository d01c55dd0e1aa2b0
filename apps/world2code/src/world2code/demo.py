"""`world2code demo`: the whole method on the embedded world, on the same code paths as `world2code run`."""

from pathlib import Path

from shard_runner import RunSummary
from shard_runner.cli import run_by_settings, use_one_thread

from world2code.pipeline import build_pipeline, check_needs
from world2code.report import make_report
from world2code.settings import W2cSettings
from world2code.world import DEMO, FAST, world_settings, write_world


def demo_settings(out: Path, fast: bool, seed: int) -> W2cSettings:
    """Draw the world under `out/world` and return the settings of a run on it, with its control."""
    use_one_thread()
    size = FAST if fast else DEMO
    write_world(out / "world", size, seed)
    return world_settings(out / "world", size, seed)


def run_demo(out: Path, *, fast: bool = False, seed: int = 0, progress: bool = True) -> RunSummary:
    """Draw the world, run the pipeline in `out`, and write the report; killed, the same call goes on where it was."""
    return run_settings(demo_settings(out, fast, seed), out, progress=progress)


def run_settings(settings: W2cSettings, out: Path, *, progress: bool = True) -> RunSummary:
    """Bring a run up to date by its settings, and write the report.

    Raises:
        SettingsError: a setting without a default is missing.
    """
    check_needs(settings)
    summary = run_by_settings(build_pipeline(settings, out), out, settings=settings, progress=progress)
    make_report(settings, out)
    return summary
