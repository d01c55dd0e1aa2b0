"""`svco study`: does the method help? Several seeds, controls of equal length, paired tests on held-out pairs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from shard_runner.cli import read_seeds, run_seeds

from svco.comparing import MEASURES
from svco.demo import run_settings
from svco.evaluation import BEFORE, COMPARISON, CONTROLS
from svco.world import FULL, WorldSize, world_settings, write_world

if TYPE_CHECKING:
    from bench_eval import Comparison


def study_seed(out: Path, seed: int, size: WorldSize, *, progress: bool = True, **changes: Any) -> dict[str, Any]:
    """Run the method and its controls for one seed and return the comparisons; finished work is not repeated."""
    folder = out / f"seed-{seed}"
    write_world(folder / "world", size, seed)
    run_settings(world_settings(folder / "world", size, seed, **changes), folder, progress=progress)
    return {"seed": seed, "contrasts": {name: [asdict(line) for line in found] for name, found in read(folder).items()}}


def read(run_dir: Path) -> "dict[str, list[Comparison]]":
    """The method against the model before training and against each control, from a finished run."""
    from bench_eval import load_comparisons

    folder = run_dir / "eval"
    controls: list[str] = json.loads((folder / CONTROLS).read_text(encoding="utf-8"))
    found = {BEFORE: load_comparisons(folder / COMPARISON)}
    return found | {control: load_comparisons(folder / f"against-{control}.json") for control in controls}


def run_study(
    out: Path, seeds: Sequence[int], size: WorldSize = FULL, *, progress: bool = True, **changes: Any
) -> list[dict[str, Any]]:
    """Study several seeds and write `study.json` and `study.md` after each; killed, the same call goes on."""

    def study_one(seed: int) -> dict[str, Any]:
        return study_seed(out, seed, size, progress=progress, **changes)

    return run_seeds(out, seeds, study_one, study_to_markdown, record={"size": vars(size), "changes": changes})


def study_to_markdown(results: Sequence[dict[str, Any]]) -> str:
    """Each model as a mean over seeds, then the method against each other model, seed by seed, with p values."""
    from bench_eval import markdown_table

    contrasts = list(results[0]["contrasts"])
    means = [("mean of seeds, percent", BEFORE, "svco", *contrasts[1:])]
    means += [(measure, *_means(results, measure, contrasts)) for measure in _shown(results)]
    changes = [("svco against", "measure", *(f"seed {result['seed']}" for result in results))]
    for other in contrasts:
        changes += [
            (other, measure, *(_change(result, other, measure) for result in results)) for measure in _shown(results)
        ]
    return f"{markdown_table(means)}\n\n{markdown_table(changes)}"


def _shown(results: Sequence[dict[str, Any]]) -> list[str]:
    there = {line["task"] for line in results[0]["contrasts"][BEFORE]}
    return [measure for measure in MEASURES if measure in there]


def _line(result: dict[str, Any], other: str, measure: str) -> dict[str, Any]:
    return next(line for line in result["contrasts"][other] if line["task"] == measure)


def _means(results: Sequence[dict[str, Any]], measure: str, contrasts: Sequence[str]) -> list[str]:
    """Before, the method, and each control."""
    sides = [(BEFORE, "before"), (BEFORE, "after"), *((control, "before") for control in contrasts[1:])]
    values = [[_line(result, other, measure)[side] for result in results] for other, side in sides]
    return [f"{100 * sum(found) / len(found):.1f}" for found in values]


def _change(result: dict[str, Any], other: str, measure: str) -> str:
    line = _line(result, other, measure)
    p = "< 0.001" if line["p"] < 0.001 else f"{line['p']:.3f}"
    return f"{100 * line['difference']:+.1f} (p {p})"


@click.command("study", help="Does the method help? Controls over several seeds on the embedded world.")
@click.option("--out", type=click.Path(path_type=Path), default="svco-study", show_default=True, help="Folder.")
@click.option("--seeds", default="0,1,2", show_default=True, help="Seeds, with commas between.")
@click.option("--pairs", type=click.IntRange(min=1), default=FULL.pairs, show_default=True, help="Training pairs.")
@click.option(
    "--held-out", type=click.IntRange(min=1), default=FULL.held_out, show_default=True, help="Held-out pairs."
)
@click.option("--steps", type=click.IntRange(min=1), default=FULL.steps, show_default=True, help="Steps of each model.")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
def study_command(out: Path, seeds: str, pairs: int, held_out: int, steps: int, debug: bool) -> None:
    """Run the study and print its tables."""
    size = WorldSize(**{**vars(FULL), "pairs": pairs, "held_out": held_out, "steps": steps})
    results = run_study(out, read_seeds(seeds), size)
    click.echo(f"{study_to_markdown(results)}\n\n{out / 'study.json'}")
