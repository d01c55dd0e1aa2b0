"""Does the method help, and which rule? `world2code study` over seeds, and `world2code ablate` rule by rule."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from shard_runner.cli import read_seeds, run_seeds

from world2code.demo import run_settings
from world2code.evaluation import AFTER, ALL, load_contrasts
from world2code.report import REPORT
from world2code.scoring import read_quality
from world2code.world import FULL, ONE, SEVERAL, WorldSize, world_settings, write_world

ABLATION = [
    *("unfiltered", "existence", "counting", "reranking"),
    *(f"{rules}-{shape}" for rules in ("all", "unfiltered") for shape in ("code", "caption", "qa")),
    *(f"{rules}-{shape}" for rules in ("existence", "counting", "reranking") for shape in ("code", "caption", "qa")),
]
"""Controls of an ablation: each rule alone in the forms of the run, and every rule in every form."""


def study_seed(out: Path, seed: int, size: WorldSize, *, progress: bool = True, **changes: Any) -> dict[str, Any]:
    """Run the method and its controls for one seed and return the comparisons; finished work is not repeated."""
    folder = out / f"seed-{seed}"
    write_world(folder / "world", size, seed)
    run_settings(world_settings(folder / "world", size, seed, **changes), folder, progress=progress)
    found = {name: [asdict(line) for line in lines] for name, lines in load_contrasts(folder).items()}
    return {"seed": seed, "contrasts": found, "quality": read_quality(folder), "report": f"seed-{seed}/{REPORT}"}


def run_study(
    out: Path, seeds: Sequence[int], size: WorldSize = FULL, *, progress: bool = True, **changes: Any
) -> list[dict[str, Any]]:
    """Study several seeds and write `study.json` and `study.md` after each; killed, the same call goes on."""

    def study_one(seed: int) -> dict[str, Any]:
        return study_seed(out, seed, size, progress=progress, **changes)

    return run_seeds(out, seeds, study_one, study_to_markdown, record={"size": vars(size), "changes": changes})


def run_ablation(
    out: Path, seeds: Sequence[int], size: WorldSize = FULL, *, progress: bool = True, **changes: Any
) -> list[dict[str, Any]]:
    """Train on every rule alone and on every form, with the same images and steps, over several seeds."""
    return run_study(out, seeds, size, progress=progress, **({"controls": ABLATION} | changes))


def study_to_markdown(results: Sequence[dict[str, Any]]) -> str:
    """Every model as a mean over seeds, the method against each seed by seed, and the scenes under each rule."""
    from bench_eval import Comparison, markdown_table, seed_changes_to_rows, seed_means_to_rows

    found = [{k: [Comparison(**line) for line in v] for k, v in one["contrasts"].items()} for one in results]
    names, seeds = list(found[0]), [f"seed {result['seed']}" for result in results]
    means = [("mean of seeds, percent", AFTER, *names), *seed_means_to_rows(found)]
    changes = [("method against", "task", *seeds), *seed_changes_to_rows(found, (SEVERAL, ONE, ALL))]
    quality = [("precision / recall of elements", *seeds), *_quality_rows(results)]
    return "\n\n".join(map(markdown_table, (means, changes, quality)))


def _quality_rows(results: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    rules = dict.fromkeys(row["rule"] for row in results[0]["quality"])
    return [(rule, *(_rates(result["quality"], rule) for result in results)) for rule in rules]


def _rates(quality: Sequence[dict[str, Any]], rule: str) -> str:
    row = next(row for row in quality if row["rule"] == rule and row["kind"] == "elements")
    return " / ".join("–" if row[name] is None else f"{100 * row[name]:.1f}" for name in ("precision", "recall"))


def _sized(command: Any) -> Any:
    """Flags of both commands."""
    options = [
        click.option("--seeds", default="0,1,2", show_default=True, help="Seeds, with commas between."),
        click.option("--scenes", type=click.IntRange(min=1), default=FULL.scenes, show_default=True, help="Pictures."),
        click.option("--held-out", type=click.IntRange(min=1), default=FULL.held_out, show_default=True,
                     help="Held-out ones."),
        click.option("--steps", type=click.IntRange(min=1), default=FULL.steps, show_default=True,
                     help="Steps of each model."),
        click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _out(default: str) -> Any:
    return click.option("--out", type=click.Path(path_type=Path), default=default, show_default=True, help="Folder.")


@click.command("study", help="Does the method help? Unfiltered data as control, over several seeds, on the world.")
@_out("world2code-study")
@_sized
def study_command(out: Path, seeds: str, scenes: int, held_out: int, steps: int) -> None:
    """Run the study and print its tables."""
    results = run_study(out, read_seeds(seeds), WorldSize(scenes=scenes, held_out=held_out, steps=steps))
    click.echo(f"{study_to_markdown(results)}\n\n{out / 'study.json'}")


@click.command("ablate", help="Which rule and which form help? Each alone, over several seeds, on the world.")
@_out("world2code-ablation")
@_sized
def ablate_command(out: Path, seeds: str, scenes: int, held_out: int, steps: int) -> None:
    """Run the ablation and print its tables."""
    results = run_ablation(out, read_seeds(seeds), WorldSize(scenes=scenes, held_out=held_out, steps=steps))
    click.echo(f"{study_to_markdown(results)}\n\n{out / 'study.json'}")
