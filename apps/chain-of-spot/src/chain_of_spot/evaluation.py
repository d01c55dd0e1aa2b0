"""The same questions before and after, at once and in two turns, by each control: `eval-questions` to `eval`."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shard_runner import Row, Source, Stage, Step, Task, TaskContext

from chain_of_spot.answering import one_turn_stage, two_turn_stage
from chain_of_spot.arms import Control
from chain_of_spot.settings import CosSettings
from chain_of_spot.training import train_step, trained_folder

if TYPE_CHECKING:
    from bench_eval import Comparison

BEFORE, AFTER = "before", "after"
ALL = "all questions"
"""Task that holds all others."""

PLAIN = "after-plain-against-before.json"
"""File of the step `eval` that compares both models asked at once."""


class Asked(NamedTuple):
    """One way of asking one model."""

    name: str
    note: str
    """What it is, in a sentence."""
    control: Control | None = None
    """Whose weights; None: those of the method or of before."""
    is_trained: bool = True
    turns: int = 2


def ways(settings: CosSettings) -> list[Asked]:
    """All that is compared; the first two are before and after."""
    found = [
        Asked(BEFORE, "The model before training, asked at once.", is_trained=False, turns=1),
        Asked(AFTER, "The method: trained, asked where and then what."),
        Asked("before-zoom", "The model before training, asked in two turns.", is_trained=False),
        Asked("after-plain", "The method's model, asked at once.", turns=1),
    ]
    notes = {
        "random": "Trained and asked with crops as large as regions, at random places.",
        "centre": "Trained and asked with crops as large as regions, out of the middle.",
        "whole": "Trained and asked with the whole image twice.",
        "plain": "Trained on the same questions without boxes and crops, asked at once.",
    }
    return [*found, *(Asked(name, notes[name], name, turns=1 if name == "plain" else 2) for name in settings.controls)]


def evaluation_steps(settings: CosSettings, run_dir: Path) -> list[Step]:
    """Ask and grade in every way, and compare; nothing without evaluation questions."""
    if settings.eval_data is None:
        return []
    steps: list[Step] = [eval_source(settings)]
    for way in ways(settings):
        steps += [answer_stage(way, settings, run_dir), grade_stage(way.name)]
    return [*steps, compare_task(settings)]


def eval_source(settings: CosSettings) -> Source:
    """Read the evaluation questions; rows `{id, task, cluster, image, stamp, question, answer}`."""

    def rows() -> Iterator[Row]:
        from bench_eval import read_question_file
        from box_space import image_stamp

        for row in read_question_file(settings.needed("eval_data", "evaluation questions")):
            yield row | {"stamp": image_stamp(row["image"])}

    return Source(name="eval-questions", rows=rows)


def answer_stage(way: Asked, settings: CosSettings, run_dir: Path) -> Stage:
    """Ask in one way, greedily."""
    from llava_train import model_digest

    base = settings.needed("model", "the model that learns")
    task = train_step(way.control) if way.is_trained else None
    model = str(trained_folder(run_dir, way.control)) if way.is_trained else base
    identity = task or model_digest(base)
    if way.turns == 1:
        return one_turn_stage(way.name, model, identity, task, settings)
    return two_turn_stage(way.name, model, identity, task, settings, way.control)


def grade_stage(name: str) -> Stage:
    """Grade saved answers: boxes by IoU of at least 0.5, yes and no by the first word, all else as whole answers."""
    from bench_eval import SHORT_ANSWER_GRADER, grade_short_answer, grading_stage

    return grading_stage(
        f"grades-{name}", grade_short_answer, grader_name=SHORT_ANSWER_GRADER, inputs=(f"answers-{name}",)
    )


def compare_task(settings: CosSettings) -> Task:
    """Compare the method with before and with every other way, question by question: files `against-NAME.json`.

    Questions that choose the best round are left out.
    """
    others = [way.name for way in ways(settings) if way.name != AFTER]
    share = settings.validation_share

    def run(ctx: TaskContext) -> None:
        from bench_eval import compare_tasks, save_comparisons, save_contrasts
        from llava_train import split_rows

        def graded(name: str) -> list[Row]:
            return split_rows(ctx.read_rows(f"grades-{name}"), share=share, seed=ctx.seed)["test"]

        compared = functools.partial(compare_tasks, together=ALL, missing="count", seed=ctx.seed)
        after = graded(AFTER)
        save_contrasts({name: compared(graded(name), after) for name in others}, ctx.folder)
        plain = compared(graded(BEFORE), graded("after-plain"))
        save_comparisons(plain, ctx.folder / PLAIN)

    inputs = tuple(f"grades-{way.name}" for way in ways(settings))
    config = {} if share is None else {"validation_share": share}
    return Task(name="eval", run=run, config=config, inputs=inputs)


def load_contrasts(run_dir: Path) -> "dict[str, list[Comparison]]":
    """The method against every other way; nothing before that is compared."""
    from bench_eval import load_contrasts as load

    return load(run_dir / "eval")


def load_plain(run_dir: Path) -> "list[Comparison]":
    """The method's model against the one before, both asked at once."""
    from bench_eval import load_comparisons

    return load_comparisons(run_dir / "eval" / PLAIN)
