"""`chain-of-spot study`: does the method help? Several seeds, controls of equal length, paired tests."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from shard_runner.cli import read_seeds, run_seeds

from chain_of_spot.demo import run_settings
from chain_of_spot.errors import SettingsError
from chain_of_spot.evaluation import ALL, load_contrasts
from chain_of_spot.report import read_map_scores
from chain_of_spot.world import FULL, SIGNS, WorldSize, world_settings, write_world


def study_seed(out: Path, seed: int, size: WorldSize, *, progress: bool = True, **changes: Any) -> dict[str, Any]:
    """Run the method and its controls for one seed and return the comparisons; finished work is not repeated."""
    folder = out / f"seed-{seed}"
    write_world(folder / "world", size, seed)
    settings = world_settings(folder / "world", size, seed, **changes)
    if settings.rounds > 1:
        raise SettingsError("`chain-of-spot study` trains each model once: leave rounds out.")
    run_settings(settings, folder, progress=progress)
    found = {name: [asdict(line) for line in lines] for name, lines in load_contrasts(folder).items()}
    return {"seed": seed, "contrasts": found, "maps": read_map_scores(folder)}


def run_study(
    out: Path, seeds: Sequence[int], size: WorldSize = FULL, *, progress: bool = True, **changes: Any
) -> list[dict[str, Any]]:
    """Study several seeds and write `study.json` and `study.md` after each; killed, the same call goes on."""

    def study_one(seed: int) -> dict[str, Any]:
        return study_seed(out, seed, size, progress=progress, **changes)

    return run_seeds(out, seeds, study_one, study_to_markdown, record={"size": vars(size), "changes": changes})


def study_to_markdown(results: Sequence[dict[str, Any]]) -> str:
    """Each way of asking as a mean over seeds, the method against it seed by seed, and how well maps point."""
    from bench_eval import Comparison, markdown_table, seed_changes_to_rows, seed_means_to_rows

    found = [{k: [Comparison(**line) for line in v] for k, v in one["contrasts"].items()} for one in results]
    seeds = [f"seed {result['seed']}" for result in results]
    means = [("mean of seeds, percent", "method", *found[0]), *seed_means_to_rows(found)]
    changes = [("method against", "task", *seeds), *seed_changes_to_rows(found, (SIGNS, ALL))]
    maps = [("maps and regions", "kind", *seeds)]
    maps += [
        (name, kind, *(f"{100 * result['maps'][name][kind]:.1f}" for result in results))
        for name in ("pointing", "regions")
        for kind in ("share", "random", "centre")
    ]
    return "\n\n".join(map(markdown_table, (means, changes, maps)))


@click.command("study", help="Does the method help? Controls over several seeds on the embedded world.")
@click.option(
    "--out", type=click.Path(path_type=Path), default="chain-of-spot-study", show_default=True, help="Folder."
)
@click.option("--seeds", default="0,1,2", show_default=True, help="Seeds, with commas between.")
@click.option("--scenes", type=click.IntRange(min=1), default=FULL.scenes, show_default=True, help="Training pictures.")
@click.option("--held-out", type=click.IntRange(min=1), default=FULL.held_out, show_default=True, help="Held-out ones.")
@click.option("--steps", type=click.IntRange(min=1), default=FULL.steps, show_default=True, help="Steps of each model.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure.")
def study_command(out: Path, seeds: str, scenes: int, held_out: int, steps: int) -> None:
    """Run the study and print its tables."""
    results = run_study(out, read_seeds(seeds), WorldSize(scenes=scenes, held_out=held_out, steps=steps))
    click.echo(f"{study_to_markdown(results)}\n\n{out / 'study.json'}")
