"""Held-out pictures asked by the base model, each round's and each control's: stages `answers-*` and `grades-*`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shard_runner import Row, Stage

from selfsynthx.models import load_sampler_of, model_identity
from selfsynthx.right_answers import RightAnswers
from selfsynthx.seeing import SEEN
from selfsynthx.settings import SynthSettings
from selfsynthx.training import trained_folder, training_name

GRADER = "label-1"
"""Name and version of the grader."""


def way(number: int, arm: str = "") -> str:
    """A model that is asked: `0` is the base model.

    >>> way(2), way(2, "labels")
    ('2', '2-labels')
    """
    return f"{number}" + (f"-{arm}" if arm else "")


def grades_name(number: int, arm: str = "") -> str:
    """Name of the stage that grades a model."""
    return f"grades-{way(number, arm)}"


def evaluation_stages(
    settings: SynthSettings, run_dir: Path, labels: Sequence[str], number: int, arm: str = ""
) -> list[Stage]:
    """Ask the one evaluation question greedily, and grade by the label."""
    from bench_eval import Decoding, grading_stage, response_stage

    trained = None if number == 0 else training_name(number, arm)
    model = settings.needed_model() if trained is None else str(trained_folder(run_dir, number, arm))
    answers = f"answers-{way(number, arm)}"
    ask = response_stage(
        answers,
        lambda: _sampler(model, settings),
        # all are compared, so they are asked in the same way
        model=f"{model_identity(settings) if trained is None else trained} {settings.backend} {settings.dtype}",
        decoding=Decoding(max_new_tokens=settings.eval_tokens, seed=settings.seed),
        batch_size=settings.images_per_batch,
        inputs=(SEEN, *(() if trained is None else (trained,))),
    )
    rule = f"{GRADER} {settings.spec.key} {settings.spec.matcher.model_dump_json()} {sorted(labels)}"
    grade = grading_stage(grades_name(number, arm), label_grader(settings, labels), grader_name=rule, inputs=(answers,))
    return [ask, grade]


def label_grader(settings: SynthSettings, labels: Sequence[str]) -> Any:
    """Right if an answer claims the picture's label and no other; the reason is the status and the published verdict.

    Source: arXiv 2502.14044 counts an answer as right if it contains the label's letters; `published_right` in the
    reason says so too, for comparison.
    """
    from answer_judge import parity_contains
    from bench_eval import Grade

    strict = RightAnswers(settings.model_copy(update={"published": False}), labels)

    def grade(text: str, row: Any) -> Grade:
        claimed, status = strict.resolve(text)
        reason = status + (PUBLISHED_RIGHT if parity_contains(row["answer"], text) else "")
        return Grade(float(claimed == row["answer"]), reason, claimed)

    return grade


PUBLISHED_RIGHT = ", published_right"
"""End of the reason of an answer that the released code counts as right."""


def first_trial(row: Row) -> Row:
    """The graded answer of a row."""
    return row["trials"][0]


def _sampler(model: str, settings: SynthSettings) -> Any:
    """A model as bench-eval asks it."""
    from bench_eval import sampler_through
    from trial_sampler import Request

    return sampler_through(load_sampler_of(model, settings).sample, Request)
