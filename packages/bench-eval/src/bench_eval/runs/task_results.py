"""One task's figures of one model, with everything that people need to believe them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import BenchEvalError, RowError
from bench_eval.grades import grade_row
from bench_eval.judges import reread_row
from bench_eval.measures import MetricScore, score_metrics
from bench_eval.reasoning import without_thoughts
from bench_eval.runs.saved_answers import SavedAnswers
from bench_eval.runs.zooming import UNREAD
from bench_eval.tasks import Profile, Task


@dataclass(frozen=True, kw_only=True)
class AnswerCounts:
    """What became of the rows of a task."""

    rows: int
    """Rows with answers."""
    failed: int
    """Rows without: the model, the judge or the row failed; they are in no figure."""
    trials: int
    """Answers, n to a row."""
    unparsed: int
    """Answers with a text that commits to nothing; they count as wrong."""
    empty: int
    """Answers without any text; they count as wrong."""
    truncated: int
    """Answers cut off at the longest length."""
    unscored: int
    """Answers that got no score, such as those on which a judge failed; they are in no figure."""
    no_zoom: int = 0
    """Rows whose region could not be read, so that the second turn showed the whole picture."""


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """One model on one task under one profile."""

    task: str
    title: str
    profile: str
    profile_version: str
    model: str
    figures: list[MetricScore]
    """The first is the headline."""
    counts: AnswerCounts
    prompt_hash: str
    """Of every question as it was put."""
    decoding: Decoding
    tokens: int
    """New tokens that the model wrote; 0 where the sampler does not count them."""
    judge: str = ""
    """Model that judged; empty: none did."""
    judge_rule: str = ""
    """Name, version and prompt's hash of what the judge was asked."""
    limit: int | None = None
    """Only so many rows; None: all."""
    harness: str = ""
    """Whose prompts, pictures and decoding; empty: ours."""
    expected_rows: int | None = None
    """Rows of the benchmark by its data card, where all were asked; None: not known."""


def grade_answers(rows: Iterable[Mapping[str, Any]], task: Task, profile: Profile) -> list[Row]:
    """Grade saved answers by what they say outside their `<think>` parts, or by what a judge replied about them.

    Raises:
        BenchEvalError: the task needs a judge and the answers were not judged.
    """
    if task.judge is None:
        return [grade_row(row, lambda text, of: profile.grader(without_thoughts(text), of)) for row in rows]
    known = list(rows)
    if any("judge_reply" not in trial for row in known for trial in row["trials"]):
        raise BenchEvalError(f"{task.title} needs a judge: give the command that asked it again, with --judge MODEL.")
    return [reread_row(row, profile.grader) for row in known]


def count_answers(graded: Sequence[Mapping[str, Any]], failed: int = 0) -> AnswerCounts:
    """Count what became of graded rows."""
    trials = [trial for row in graded for trial in row["trials"]]
    texts = [str(trial.get("text", "")).strip() for trial in trials]
    zooms = [str(row["zoom"]["verdict"]) for row in graded if row.get("zoom")]
    return AnswerCounts(
        rows=len(graded),
        failed=failed,
        trials=len(trials),
        unparsed=sum(1 for text, trial in zip(texts, trials, strict=True) if text and trial.get("answer") == ""),
        empty=texts.count(""),
        truncated=sum(1 for trial in trials if trial.get("finish_reason") == "length"),
        unscored=sum(1 for trial in trials if trial.get("score") is None),
        no_zoom=sum(verdict.startswith(UNREAD) for verdict in zooms),
    )


def score_task(
    task: Task, answers: SavedAnswers, profile: Profile | None = None, *, draws: int = 10_000, seed: int = 0
) -> TaskResult:
    """Grade saved answers and add them up; nothing is asked.

    Raises:
        RowError: no answer has a score, or a row lacks what the profile needs.
    """
    chosen = profile or task.profile()
    graded = grade_answers(answers.rows, task, chosen)
    if not graded:
        raise RowError(f"no row of task {task.name} has an answer; {answers.n_failed} failed.")
    record = answers.record
    return TaskResult(
        task=task.name,
        title=task.title,
        profile=chosen.name,
        profile_version=chosen.version,
        model=record.model,
        figures=score_metrics(chosen.measure(graded), draws=draws, seed=seed),
        counts=count_answers(graded, answers.n_failed),
        prompt_hash=answers.prompt_hash,
        decoding=record.decoding,
        tokens=answers.tokens,
        judge=record.judge,
        judge_rule=record.judge_rule,
        limit=record.limit,
        harness=record.harness,
        expected_rows=task.card.n if record.limit is None else None,
    )
