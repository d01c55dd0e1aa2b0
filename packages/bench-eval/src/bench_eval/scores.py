"""Scores of one model, task by task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench_eval.bootstrap import cluster_bootstrap
from bench_eval.comparison import by_task
from bench_eval.errors import RowError
from bench_eval.intervals import Interval, accuracy
from bench_eval.pairs import RowScore, mean_score, score_rows


@dataclass(frozen=True, kw_only=True)
class TaskScore:
    """One model on one task."""

    task: str
    value: float
    """Mean row score, 0 to 1; over the rows that have one."""
    interval: Interval
    """Wilson interval, at the effective sample size where clusters repeat or scores are shares."""
    bootstrap_interval: Interval
    """Cluster bootstrap of the same mean."""
    n: int
    """Rows with a score."""
    n_clusters: int
    unscored: int
    """Rows without a score; they are not in the mean."""
    n_truncated: int
    """Trials cut off at the longest length."""
    n_empty: int
    """Trials with an empty text."""


def score_tasks(
    rows: Iterable[Mapping[str, Any]],
    *,
    row_score: RowScore = mean_score,
    draws: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> list[TaskScore]:
    """Score graded rows task by task.

    Raises:
        RowError: when a task has no row with a score, or an id occurs twice.

    >>> rows = [{"id": str(i), "trials": [{"text": "a", "score": float(i > 0)}]} for i in range(4)]
    >>> score_tasks(rows)[0].value
    0.75
    """
    return [_score_task(task, found, row_score, draws, level, seed) for task, found in by_task(rows).items()]


def _score_task(
    task: str, rows: list[Mapping[str, Any]], row_score: RowScore, draws: int, level: float, seed: int
) -> TaskScore:
    scored = score_rows(rows, row_score)
    known = {row_id: score for row_id, score in scored.scores.items() if score is not None}
    if not known:
        raise RowError(f"no row of task {task!r} has a score ({len(rows)} rows).")
    clusters = [scored.clusters[row_id] for row_id in known]
    result = accuracy(list(known.values()), clusters, level)
    trials = [trial for row in rows for trial in row["trials"]]
    return TaskScore(
        task=task,
        value=result.value,
        interval=result.interval,
        bootstrap_interval=cluster_bootstrap(list(known.values()), clusters, draws=draws, level=level, seed=seed),
        n=result.n,
        n_clusters=result.n_clusters,
        unscored=len(scored.unscored),
        n_truncated=sum(1 for trial in trials if trial.get("finish_reason") == "length"),
        n_empty=sum(1 for trial in trials if not str(trial.get("text", "")).strip()),
    )
