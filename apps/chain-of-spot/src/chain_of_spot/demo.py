"""`chain-of-spot demo`: the whole method on the embedded world, on the same code paths as `chain-of-spot run`."""

from pathlib import Path

from shard_runner import RunSummary
from shard_runner.cli import use_one_thread

from chain_of_spot.pipeline import check_needs
from chain_of_spot.report import make_report
from chain_of_spot.rounds import last_needed, run_whole
from chain_of_spot.settings import CosSettings
from chain_of_spot.world import FAST, FULL, world_settings, write_world


def demo_settings(out: Path, fast: bool, seed: int) -> CosSettings:
    """Draw the world under `out/world` and return the settings of a run on it, with its controls."""
    use_one_thread()
    size = FAST if fast else FULL
    write_world(out / "world", size, seed)
    return world_settings(out / "world", size, seed)


def run_demo(out: Path, *, fast: bool = False, seed: int = 0, progress: bool = True) -> RunSummary:
    """Draw the world, run the pipeline in `out`, and write the report; killed, the same call goes on where it was."""
    return run_settings(demo_settings(out, fast, seed), out, progress=progress)


def run_settings(settings: CosSettings, out: Path, *, progress: bool = True) -> RunSummary:
    """Bring a run up to date by its settings, and write the report.

    Raises:
        SettingsError: a setting without a default is missing.
    """
    check_needs(settings, last_needed(settings))
    summary = run_whole(settings, out, progress=progress)
    make_report(settings, out)
    return summary
