"""`cvc demo`: the whole method on the embedded world, on the same code paths as `cvc run`."""

from pathlib import Path

from shard_runner import RunSummary
from shard_runner.cli import use_one_thread

from cvc.pipeline import check_needs
from cvc.report import make_report
from cvc.rounds import run_whole
from cvc.settings import CvcSettings
from cvc.world import FAST, FULL, world_settings, write_world


def demo_settings(out: Path, fast: bool, seed: int) -> CvcSettings:
    """Draw the world under `out/world` and return the settings of a run on it."""
    use_one_thread()
    size = FAST if fast else FULL
    write_world(out / "world", size, seed)
    return world_settings(out / "world", size, seed, n=8 if fast else 16)


def run_demo(out: Path, *, fast: bool = False, seed: int = 0, progress: bool = True) -> RunSummary:
    """Draw the world, run the pipeline in `out`, and write the report; killed, the same call goes on where it was."""
    return run_settings(demo_settings(out, fast, seed), out, progress=progress)


def run_settings(settings: CvcSettings, out: Path, *, progress: bool = True) -> RunSummary:
    """Bring a run up to date by its settings, and write the report.

    Raises:
        SettingsError: a setting without a default is missing.
    """
    check_needs(settings)
    summary = run_whole(settings, out, progress=progress)
    make_report(settings, out)
    return summary
