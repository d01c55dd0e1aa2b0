"""The same held-out questions before and after, and for each control: `eval-questions` to `eval`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from shard_runner import Row, Source, Stage, Step, Task, TaskContext

from world2code.arms import METHOD
from world2code.models import load_model, model_identity
from world2code.settings import W2cSettings
from world2code.training import trained_folder

if TYPE_CHECKING:
    from bench_eval import Comparison, Sampler

BEFORE, AFTER = "before", "after"
ALL = "all questions"
"""Task that holds all others."""


def ways(settings: W2cSettings) -> list[str]:
    """All models that are asked; the first two are those of before and after."""
    return [BEFORE, AFTER, *settings.controls]


def evaluation_steps(settings: W2cSettings, run_dir: Path) -> list[Step]:
    """Ask and grade every model, and compare; nothing without evaluation questions."""
    if settings.eval_data is None:
        return []
    settings = settings.with_weights_at_hand()
    steps: list[Step] = [_questions_source(settings), _answer_stage(BEFORE, None, settings), _grade_stage(BEFORE)]
    for arm in settings.arms:
        name = AFTER if arm == METHOD else arm.name
        folder = trained_folder(run_dir, arm)
        steps += [_answer_stage(name, (arm.step("train"), folder), settings), _grade_stage(name)]
    return [*steps, _compare_task(settings)]


def _questions_source(settings: W2cSettings) -> Source:
    def rows() -> Iterator[Row]:
        from bench_eval import read_question_file
        from box_space import image_stamp
        from trial_sampler import image_question

        for row in read_question_file(settings.needed("eval_data", "evaluation questions")):
            yield {**row, "messages": image_question(row["question"]), "stamp": image_stamp(row["image"])}

    return Source(name="eval-questions", rows=rows)


def _answer_stage(name: str, trained: tuple[str, Path] | None, settings: W2cSettings) -> Stage:
    """Ask greedily."""
    from bench_eval import Decoding, response_stage

    model = settings.needed_model() if trained is None else str(trained[1])
    return response_stage(
        f"answers-{name}",
        lambda: _sampler(model, settings),
        # both sides are compared, so they are asked in the same way
        model=f"{model_identity(settings) if trained is None else trained[0]} {settings.backend} {settings.dtype}",
        decoding=Decoding(max_new_tokens=settings.eval_tokens, seed=settings.seed),
        batch_size=max(settings.prompts_per_batch, 32),
        inputs=("eval-questions", *(() if trained is None else (trained[0],))),
    )


def _sampler(model: str, settings: W2cSettings) -> "Sampler":
    """A model as bench-eval asks it."""
    from bench_eval import sampler_through
    from trial_sampler import Request

    return sampler_through(load_model(model, settings).sample, Request)


def _grade_stage(name: str) -> Stage:
    """Grade saved answers: boxes by IoU of at least 0.5, yes and no by the first word, all else as whole answers."""
    from bench_eval import SHORT_ANSWER_GRADER, grade_short_answer, grading_stage

    return grading_stage(
        f"grades-{name}", grade_short_answer, grader_name=SHORT_ANSWER_GRADER, inputs=(f"answers-{name}",)
    )


def _compare_task(settings: W2cSettings) -> Task:
    """Compare the method with before and with every control, question by question: files `against-NAME.json`."""
    others = [name for name in ways(settings) if name != AFTER]

    def run(ctx: TaskContext) -> None:
        from bench_eval import compare_tasks, save_contrasts

        after = list(ctx.read_rows(f"grades-{AFTER}"))
        found = {
            name: compare_tasks(ctx.read_rows(f"grades-{name}"), after, together=ALL, missing="count", seed=ctx.seed)
            for name in others
        }
        save_contrasts(found, ctx.folder)

    return Task(name="eval", run=run, inputs=tuple(f"grades-{name}" for name in ways(settings)))


def load_contrasts(run_dir: Path) -> "dict[str, list[Comparison]]":
    """The method against every other model; nothing before that is compared."""
    from bench_eval import load_contrasts as load

    return load(run_dir / "eval")
