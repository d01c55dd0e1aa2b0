"""Two models on the same tasks: each figure's change, with p values corrected for the number of tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench_eval.errors import BenchEvalError, PairingError
from bench_eval.measures import MetricComparison, compare_metrics
from bench_eval.paired_tests import holm
from bench_eval.pairs import Missing
from bench_eval.runs.likeness import require_alike, turns_of
from bench_eval.runs.saved_answers import SavedAnswers, load_answers
from bench_eval.runs.task_records import saved_tasks
from bench_eval.runs.task_results import AnswerCounts, count_answers, grade_answers
from bench_eval.tasks import Profile, Task


@dataclass(frozen=True, kw_only=True)
class TaskComparison:
    """One task, before and after."""

    task: str
    title: str
    profile: str
    profile_version: str
    figures: list[MetricComparison]
    """The first is the headline."""
    p_holm: float
    """The headline's p, so corrected that the chance of any false alarm over all tasks stays below the level; NaN where
    the headline has no value."""
    counts_before: AnswerCounts
    counts_after: AnswerCounts
    tokens_before: int
    tokens_after: int
    judge: str = ""
    judge_rule: str = ""
    limit: int | None = None
    """Only so many rows were asked; None: all."""
    turns: str = ""
    """Which sides were asked in two turns; empty: none."""

    @property
    def headline(self) -> MetricComparison:
        """The figure that the benchmark is known by."""
        return self.figures[0]


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """Two models over several tasks."""

    before: str
    """First model."""
    after: str
    """Second model."""
    tasks: list[TaskComparison]


def compare_runs(
    before_dir: str | Path,
    after_dir: str | Path,
    tasks: Mapping[str, Task],
    *,
    names: Sequence[str] | None = None,
    profile: str | Mapping[str, str] | None = None,
    missing: Missing = "error",
    draws: int = 10_000,
    seed: int = 0,
) -> RunComparison:
    """Compare the saved answers of two models; nothing is asked.

    Args:
        before_dir: run of the first model.
        after_dir: run of the second model.
        tasks: known tasks by name.
        names: which to compare; by default those that both runs hold.
        profile: rules to grade by, for every task or by the task's name; by default each task's own.
        missing: whether rows that one run alone answered are an error or counted.
        draws: of bootstrap and swaps.
        seed: of the draws.

    Raises:
        PairingError: the runs share no task, or were asked other questions, by other decoding, or judged otherwise.
        BenchEvalError: a task is unknown, or lacks the profile.
    """
    first, second = Path(before_dir), Path(after_dir)
    shared = [name for name in saved_tasks(first) if name in saved_tasks(second)]
    wanted = list(names or shared)
    if not wanted:
        raise PairingError(
            f"{first} holds {saved_tasks(first)} and {second} {saved_tasks(second)}: no task is in both."
        )
    unknown = [name for name in wanted if name not in tasks]
    if unknown:
        raise BenchEvalError(f"there is no task {unknown[0]!r} among {', '.join(tasks)}.")
    sides = [(tasks[name], load_answers(first, name), load_answers(second, name)) for name in wanted]
    rules = [task.profile(profile_of(profile, task)) for task, _, _ in sides]
    found = [_compare(*side, own, missing, draws, seed) for side, own in zip(sides, rules, strict=True)]
    adjusted = _corrected([figures[0].p for _, figures in found])
    return RunComparison(
        before=_one_name([before for _, before, _ in sides]),
        after=_one_name([after for _, _, after in sides]),
        tasks=[
            _task_comparison(*side, own, *compared, p)
            for side, own, compared, p in zip(sides, rules, found, adjusted, strict=True)
        ],
    )


def profile_of(profile: str | Mapping[str, str] | None, task: Task) -> str | None:
    """Name of the rules that a task is to be graded by; None: its own."""
    return profile.get(task.name) if isinstance(profile, Mapping) else profile


def _corrected(p_values: Sequence[float]) -> list[float]:
    """Holm's correction over the tasks whose headline has a value."""
    known = iter(holm([p for p in p_values if not math.isnan(p)]))
    return [p if math.isnan(p) else next(known) for p in p_values]


def _one_name(sides: Sequence[SavedAnswers]) -> str:
    """The model of a run; a run folder can hold several, one for each task."""
    return ", ".join(dict.fromkeys(side.record.model for side in sides))


def _compare(
    task: Task,
    before: SavedAnswers,
    after: SavedAnswers,
    rules: Profile,
    missing: Missing,
    draws: int,
    seed: int,
) -> tuple[tuple[AnswerCounts, AnswerCounts], list[MetricComparison]]:
    require_alike(before, after)
    graded = [grade_answers(side.rows, task, rules) for side in (before, after)]
    counts = (count_answers(graded[0], before.n_failed), count_answers(graded[1], after.n_failed))
    figures = compare_metrics(graded[0], graded[1], rules.measure, missing=missing, draws=draws, seed=seed)
    return counts, figures


def _task_comparison(
    task: Task,
    before: SavedAnswers,
    after: SavedAnswers,
    rules: Profile,
    counts: tuple[AnswerCounts, AnswerCounts],
    figures: list[MetricComparison],
    p_holm: float,
) -> TaskComparison:
    return TaskComparison(
        task=task.name,
        title=task.title,
        profile=rules.name,
        profile_version=rules.version,
        figures=figures,
        p_holm=p_holm,
        counts_before=counts[0],
        counts_after=counts[1],
        tokens_before=before.tokens,
        tokens_after=after.tokens,
        judge=before.record.judge,
        judge_rule=before.record.judge_rule,
        limit=before.record.limit,
        turns=turns_of(before, after),
    )
