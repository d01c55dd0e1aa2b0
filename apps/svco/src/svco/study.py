"""`svco study`: does the method help? Several seeds, controls of equal length, paired tests on held-out pairs."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from shard_runner.cli import read_seeds, run_seeds

from svco.comparing import MEASURES
from svco.demo import run_settings
from svco.evaluation import load_contrasts
from svco.world import FULL, WorldSize, world_settings, write_world


def study_seed(out: Path, seed: int, size: WorldSize, *, progress: bool = True, **changes: Any) -> dict[str, Any]:
    """Run the method and its controls for one seed and return the comparisons; finished work is not repeated."""
    folder = out / f"seed-{seed}"
    write_world(folder / "world", size, seed)
    run_settings(world_settings(folder / "world", size, seed, **changes), folder, progress=progress)
    found = {name: [asdict(line) for line in lines] for name, lines in load_contrasts(folder).items()}
    return {"seed": seed, "contrasts": found}


def run_study(
    out: Path, seeds: Sequence[int], size: WorldSize = FULL, *, progress: bool = True, **changes: Any
) -> list[dict[str, Any]]:
    """Study several seeds and write `study.json` and `study.md` after each; killed, the same call goes on."""

    def study_one(seed: int) -> dict[str, Any]:
        return study_seed(out, seed, size, progress=progress, **changes)

    return run_seeds(out, seeds, study_one, study_to_markdown, record={"size": vars(size), "changes": changes})


def study_to_markdown(results: Sequence[dict[str, Any]]) -> str:
    """Each model as a mean over seeds, then the method against each other model, seed by seed, with p values."""
    from bench_eval import Comparison, markdown_table, seed_changes_to_rows, seed_means_to_rows

    found = [{k: [Comparison(**line) for line in v] for k, v in one["contrasts"].items()} for one in results]
    seeds = [f"seed {result['seed']}" for result in results]
    means = [row for row in seed_means_to_rows(found) if row[0] in MEASURES]
    changes = [("svco against", "measure", *seeds), *seed_changes_to_rows(found, MEASURES)]
    return "\n\n".join(map(markdown_table, ([("mean of seeds, percent", "svco", *found[0]), *means], changes)))


@click.command("study", help="Does the method help? Controls over several seeds on the embedded world.")
@click.option("--out", type=click.Path(path_type=Path), default="svco-study", show_default=True, help="Folder.")
@click.option("--seeds", default="0,1,2", show_default=True, help="Seeds, with commas between.")
@click.option("--pairs", type=click.IntRange(min=1), default=FULL.pairs, show_default=True, help="Training pairs.")
@click.option(
    "--held-out", type=click.IntRange(min=1), default=FULL.held_out, show_default=True, help="Held-out pairs."
)
@click.option("--steps", type=click.IntRange(min=1), default=FULL.steps, show_default=True, help="Steps of each model.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure.")
def study_command(out: Path, seeds: str, pairs: int, held_out: int, steps: int) -> None:
    """Run the study and print its tables."""
    size = WorldSize(**{**vars(FULL), "pairs": pairs, "held_out": held_out, "steps": steps})
    results = run_study(out, read_seeds(seeds), size)
    click.echo(f"{study_to_markdown(results)}\n\n{out / 'study.json'}")
