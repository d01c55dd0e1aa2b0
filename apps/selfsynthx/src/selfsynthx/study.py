"""`selfsynthx study`: does the method help? Several seeds, a control of equal length, paired tests."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from shard_runner.cli import read_seeds, run_seeds

from selfsynthx.comparing import ACCURACY, EXPLAINED, load_contrasts
from selfsynthx.demo import run_settings
from selfsynthx.evaluation import way
from selfsynthx.measures import measure_model
from selfsynthx.report_rounds import model_name, percent
from selfsynthx.selection_scores import score_selection
from selfsynthx.world import DEMO, WorldSize, world_settings, write_world


def study_seed(out: Path, seed: int, size: WorldSize, *, progress: bool = True, **changes: Any) -> dict[str, Any]:
    """Run the method and its control for one seed and return what came of it; finished work is not repeated."""
    folder = out / f"seed-{seed}"
    write_world(folder / "world", size, seed)
    settings = world_settings(folder / "world", size, seed, **changes)
    run_settings(settings, folder, progress=progress)
    found = {name: [asdict(line) for line in lines] for name, lines in load_contrasts(folder).items()}
    rounds = range(1, last_round(folder) + 1)
    models = [(0, ""), *((number, arm) for number in rounds for arm in settings.arms)]
    measures = {way(*model): measure_model(folder, *model)["test"].as_dict() for model in models}
    return {"seed": seed, "contrasts": found, "measures": measures, "selection": score_selection(settings, folder)}


def last_round(folder: Path) -> int:
    """Number of the last round of a finished run."""
    from llava_train import load_rounds

    found = load_rounds(folder)
    return 0 if found is None else found.last.number


def run_study(
    out: Path, seeds: Sequence[int], size: WorldSize = DEMO, *, progress: bool = True, **changes: Any
) -> list[dict[str, Any]]:
    """Study several seeds and write `study.json` and `study.md` after each; killed, the same call goes on."""

    def study_one(seed: int) -> dict[str, Any]:
        return study_seed(out, seed, size, progress=progress, **changes)

    return run_seeds(out, seeds, study_one, study_to_markdown, record={"size": vars(size), "changes": changes})


def study_to_markdown(results: Sequence[dict[str, Any]]) -> str:
    """Every model as a mean over seeds; the last round against others seed by seed; how well features are chosen."""
    from bench_eval import Comparison, markdown_table, seed_changes_to_rows

    found = [{k: [Comparison(**line) for line in v] for k, v in one["contrasts"].items()} for one in results]
    seeds = [f"seed {result['seed']}" for result in results]
    models = list(results[0]["measures"])
    means = [("mean of seeds, percent", *map(_model_name, models))]
    means += [(text, *(_mean(results, model, name) for model in models)) for name, text in _MEASURES.items()]
    changes = [("last round against", "task", *seeds), *seed_changes_to_rows(found, (ACCURACY, EXPLAINED))]
    selection = [("features of a picture, percent", *seeds)]
    selection += [(text, *(percent(one["selection"].get(name)) for one in results)) for name, text in _CHOSEN.items()]
    return "\n\n".join(map(markdown_table, (means, changes, selection)))


_MEASURES = {
    "accuracy": "right label",
    "exists": "explains at all",
    "coverage": "visible features named",
    "grounding": "named features that can be seen",
    "quality": "visible features named, with the right label",
}
_CHOSEN = {
    "precision": "chosen features that can be seen",
    "all_precision": "features of the label that can be seen",
    "recall": "features that can be seen that are chosen",
}


def _model_name(model: str) -> str:
    """Name of a model from `way`, for people."""
    number, _, arm = model.partition("-")
    return model_name(int(number), arm)


def _mean(results: Sequence[dict[str, Any]], model: str, name: str) -> str:
    values = [one["measures"][model][name] for one in results if model in one["measures"]]
    defined = [value for value in values if value is not None]
    return percent(sum(defined) / len(defined) if defined else None)


@click.command(
    "study", help="Does the method help? Label sentences alone as control, over several seeds, on the world."
)
@click.option("--out", type=click.Path(path_type=Path), default="selfsynthx-study", show_default=True, help="Folder.")
@click.option("--seeds", default="0,1,2", show_default=True, help="Seeds, with commas between.")
@click.option("--species", type=click.IntRange(min=2), default=DEMO.species, show_default=True, help="Labels.")
@click.option("--pictures", type=click.IntRange(min=1), default=DEMO.pictures, show_default=True, help="To learn from.")
@click.option("--held-out", type=click.IntRange(min=1), default=DEMO.held_out, show_default=True, help="To measure.")
@click.option("--rounds", type=click.IntRange(min=1), default=DEMO.rounds, show_default=True, help="Rounds.")
@click.option("--steps", type=click.IntRange(min=1), default=DEMO.steps, show_default=True, help="Steps of a round.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure.")
def study_command(out: Path, seeds: str, species: int, pictures: int, held_out: int, rounds: int, steps: int) -> None:
    """Run the study and print its tables."""
    size = WorldSize(
        species=species,
        pictures=pictures,
        validation=DEMO.validation,
        held_out=held_out,
        rounds=rounds,
        steps=steps,
    )
    results = run_study(out, read_seeds(seeds), size)
    click.echo(f"{study_to_markdown(results)}\n\n{out / 'study.json'}")
