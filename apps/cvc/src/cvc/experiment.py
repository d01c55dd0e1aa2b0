"""`cvc study`: does the method help? Several seeds, controls of equal length, paired tests on held-out instances.

Arms, all trained the same number of steps from the same model: `method` (own right trials and base rows), `control`
(base rows only), `annotations` (base rows, and as many true rationales and answers as the method has own rows),
`no-filter` (the method on instances that were not filtered by causality).
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
from shard_runner import Row, Step, read_rows
from shard_runner.cli import read_seeds, run_by_settings, run_seeds

from cvc.comparing import COMPLETION_MEASURES, compare_answers, greedy_accuracy, split_by_kind
from cvc.errors import SettingsError
from cvc.evaluation import answer_stage, given_rows, grade_stage
from cvc.examples import answered_messages
from cvc.pipeline import build_pipeline
from cvc.settings import CvcSettings
from cvc.training import mixed_rows, read_base, train_on, training_row
from cvc.world import FULL, WorldSize, world_settings, write_world

ARMS = ("method", "control", "annotations", "no-filter")

STUDY = replace(FULL, completion=500, per_task=100)
"""Size of one seed of the study."""


@dataclass(frozen=True)
class Study:
    """Where a seed's runs lie, and how they are made."""

    folder: Path
    settings: CvcSettings
    progress: bool

    def step(
        self, pipeline: Sequence[Step], name: str, settings: CvcSettings, only: Sequence[str] | None = None
    ) -> Path:
        """Bring one run folder of the seed up to date and return it."""
        run_dir = self.folder / name
        run_by_settings(pipeline, run_dir, settings=settings, only=only, progress=self.progress)
        return run_dir


def study_seed(out: Path, seed: int, size: WorldSize, *, progress: bool = True, **changes: Any) -> dict[str, Any]:
    """Run all arms for one seed and return its part of the result; finished work is not repeated."""
    folder = out / f"seed-{seed}"
    write_world(folder / "world", size, seed)
    settings = world_settings(folder / "world", size, seed, **changes)
    if settings.rounds > 1:
        raise SettingsError("`cvc study` trains each arm once: leave rounds out.")
    study = Study(folder, settings, progress)
    own = {"method": make_own_rows(study, "method"), "no-filter": make_own_rows(study, "no-filter")}
    own["annotations"] = annotated_rows(study, own["method"])
    own["control"] = []
    answers = {"base": answer_held_out(study, "base", Path(settings.needed_checkpoint()))}
    for arm in ARMS:
        answers[arm] = answer_held_out(study, arm, train_arm(study, arm, own[arm]))
    return _result(seed, settings, own, answers)


def make_own_rows(study: Study, arm: str) -> list[Row]:
    """Make training rows by the method, with or without the causality filter; both from about as many instances."""
    settings = study.settings
    if arm == "no-filter":
        wanted = sum(1 for _ in read_rows(study.folder / "method", "question"))
        settings = _limited_to(study, wanted, settings.model_copy(update={"causality_filter": False}))
    run_dir = study.folder / arm
    study.step(build_pipeline(settings, run_dir), arm, settings, only=["mix"])
    return [training_row(row, run_dir) | {"kind": row["kind"]} for row in read_rows(run_dir, "mix")]


def _limited_to(study: Study, wanted: int, settings: CvcSettings) -> CvcSettings:
    """Limit the number of scenes so that about the wanted number of instances come out."""
    name = "all-instances"
    run_dir = study.step(build_pipeline(settings, study.folder / name), name, settings, only=["question"])
    instances = sum(1 for _ in read_rows(run_dir, "question"))
    scenes = sum(1 for _ in read_rows(run_dir, "captions"))
    return settings.model_copy(update={"limit": max(1, math.ceil(scenes * wanted / max(instances, 1)))})


def annotated_rows(study: Study, like: Sequence[Row]) -> list[Row]:
    """True rationales and answers for other causal scenes, as many of each kind as the rows that they replace."""
    import scene_world

    counts = {kind: sum(row["kind"] == kind for row in like) for kind in ("rationale", "answer")}
    most = max(counts.values(), default=0)
    rows = list(scene_world.hidden_rows(most, study.folder / "annotated", split="annotated", seed=study.settings.seed))
    return [*_annotated(rows[: counts["rationale"]], "rationale"), *_annotated(rows[: counts["answer"]], "answer")]


def _annotated(rows: Sequence[Row], kind: str) -> Iterator[Row]:
    for row in rows:
        asked, answer = ("question", "rationale") if kind == "rationale" else ("short_question", "answer")
        messages = answered_messages(row[asked], row[answer])
        yield {"id": f"{row['id']}#{kind}", "images": [row["image"]], "messages": messages, "kind": kind}


def train_arm(study: Study, arm: str, own: Sequence[Row]) -> Path:
    """Train one arm and return its checkpoint; the control gets base rows only."""
    rows = [{key: row[key] for key in ("id", "images", "messages")} for row in own]
    mixed = mixed_rows(rows, study.settings) if rows else read_base(study.settings)
    steps = study.settings.needed("max_steps", "arms are trained for the same number of steps")
    return train_on(mixed, study.settings, study.folder / f"{arm}-trained", max_steps=steps).model_folder


def answer_held_out(study: Study, arm: str, model: Path) -> list[Row]:
    """Pose the held-out questions to one model; rows of `grades-after` as the pipeline has them."""
    settings, run_dir = study.settings, study.folder / f"{arm}-answers"
    data = settings.needed("eval_data", "held-out rows")
    pipeline = [
        given_rows(data),
        answer_stage("answers", settings, run_dir, model),
        grade_stage("grades", settings, run_dir),
    ]
    study.step(pipeline, run_dir.name, settings)
    return list(read_rows(run_dir, "grades"))


def share_of_right_reasons(answers: Sequence[Row], truths: dict[str, Row]) -> float:
    """Among the trials whose answer is right, the share whose reason is true; NaN without right trials."""
    import scene_world

    right = [(row["id"], trial["text"]) for row in answers for trial in row["trials"] if trial["verdict"]]
    true = sum(scene_world.judge_reason(text, truths[row_id]) for row_id, text in right)
    return true / len(right) if right else math.nan


def _result(
    seed: int, settings: CvcSettings, own: dict[str, list[Row]], answers: dict[str, list[Row]]
) -> dict[str, Any]:
    truths = {row["id"]: row for row in json.loads(settings.needed("eval_data", "rows").read_text(encoding="utf-8"))}
    return {
        "seed": seed,
        "own_rows": {
            arm: {kind: sum(row["kind"] == kind for row in rows) for kind in ("rationale", "answer")}
            for arm, rows in own.items()
        },
        "arms": {arm: _measures(rows, truths) for arm, rows in answers.items()},
        "comparisons": {
            f"{arm} against {other}": [
                asdict(line) for line in compare_answers(answers[other], answers[arm], seed=seed)
            ]
            for arm, other in _contrasts()
        },
    }


def _contrasts() -> Iterator[tuple[str, str]]:
    yield from ((arm, "base") for arm in ARMS)
    yield from (("method", other) for other in ARMS if other != "method")


def _measures(answers: Sequence[Row], truths: dict[str, Row]) -> dict[str, Any]:
    from bench_eval import by_task

    completion, others = split_by_kind(answers)
    measures: dict[str, Any] = {
        name: sum(map(measure, completion)) / len(completion) for name, measure in COMPLETION_MEASURES.items()
    }
    measures["right reason among right trials"] = share_of_right_reasons(completion, truths)
    measures["right of n"] = [
        sum(row["right"] == k for row in completion) for k in range(len(completion[0]["trials"]) + 1)
    ]
    tasks = {task: sum(map(greedy_accuracy, rows)) / len(rows) for task, rows in by_task(others).items()}
    return measures | {"other tasks": sum(tasks.values()) / len(tasks), "tasks": tasks}


def study_to_markdown(results: Sequence[dict[str, Any]]) -> str:
    """The arms, as means over seeds, then each contrast of each seed with its interval and p value."""
    from bench_eval import markdown_table

    names = [*COMPLETION_MEASURES, "right reason among right trials", "other tasks"]
    arms = [("arm", *names)]
    for arm in ("base", *ARMS):
        means = [sum(result["arms"][arm][name] for result in results) / len(results) for name in names]
        arms.append((arm, *(f"{100 * mean:.1f}" for mean in means)))
    contrasts = [("contrast", "seed", "measure", "n", "before", "after", "change", "95 % interval", "p")]
    for contrast in results[0]["comparisons"]:
        contrasts += [
            _contrast_cells(contrast, result["seed"], line) for result in results for line in _main(result, contrast)
        ]
    return f"{markdown_table(arms)}\n\n{markdown_table(contrasts)}"


def _main(result: dict[str, Any], contrast: str) -> list[dict[str, Any]]:
    shown = (*COMPLETION_MEASURES, "other tasks together")
    return [line for line in result["comparisons"][contrast] if line["task"] in shown]


def _contrast_cells(contrast: str, seed: int, line: dict[str, Any]) -> tuple[str, ...]:
    from bench_eval import format_p

    low, high = line["interval"]
    values = (f"{100 * line['before']:.1f}", f"{100 * line['after']:.1f}", f"{100 * line['difference']:+.1f}")
    return (
        contrast,
        str(seed),
        line["task"],
        str(line["n"]),
        *values,
        f"{100 * low:+.1f} to {100 * high:+.1f}",
        format_p(line["p"]),
    )


def run_study(
    out: Path, seeds: Sequence[int], size: WorldSize = STUDY, *, progress: bool = True, **changes: Any
) -> list[dict[str, Any]]:
    """Study several seeds and write `study.json` and `study.md` after each; killed, the same call goes on."""

    def study_one(seed: int) -> dict[str, Any]:
        return study_seed(out, seed, size, progress=progress, **changes)

    return run_seeds(out, seeds, study_one, study_to_markdown, record={"size": vars(size), "changes": changes})


@click.command("study", help="Does the method help? Controls and ablation over several seeds on the embedded world.")
@click.option("--out", type=click.Path(path_type=Path), default="cvc-study", show_default=True, help="Folder.")
@click.option("--seeds", default="0,1,2", show_default=True, help="Seeds, with commas between.")
@click.option("--scenes", type=click.IntRange(min=1), default=STUDY.scenes, show_default=True, help="Scenes of a seed.")
@click.option(
    "--completion", type=click.IntRange(min=1), default=STUDY.completion, show_default=True, help="Held-out instances."
)
@click.option("--per-task", type=click.IntRange(min=1), default=STUDY.per_task, show_default=True, help="Other rows.")
@click.option("--steps", type=click.IntRange(min=1), default=STUDY.steps, show_default=True, help="Steps of each arm.")
@click.option("--base", type=click.IntRange(min=1), default=STUDY.base, show_default=True, help="Base rows.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="A setting that differs; repeatable.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure.")
def study_command(out: Path, seeds: str, changes: tuple[str, ...], **size: int) -> None:
    """Run the study and print its tables."""
    results = run_study(out, read_seeds(seeds), WorldSize(**size), **_changes(changes))
    click.echo(f"{study_to_markdown(results)}\n\n{out / 'study.json'}")


def _changes(pairs: Sequence[str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in CvcSettings.model_fields:
            raise click.UsageError(f"--set takes KEY=VALUE with the name of a setting; got {pair!r}.")
        changes[name] = value
    return changes
