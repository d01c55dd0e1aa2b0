"""Two models on the same rows: difference, interval and p value, task by task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bench_eval.bootstrap import cluster_bootstrap
from bench_eval.errors import PairingError
from bench_eval.intervals import Accuracy, Interval, accuracy
from bench_eval.paired_tests import mcnemar_exact, sign_flip_test
from bench_eval.pairs import Missing, Pairs, RowScore, mean_score, pair_scores, score_rows


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What changed on one task, over the rows that both models have a score for."""

    task: str
    n: int
    """Pairs."""
    n_clusters: int
    """Independent groups among them."""
    before: float
    """Mean score of the first model, 0 to 1."""
    after: float
    """Mean score of the second model, 0 to 1."""
    before_interval: Interval
    after_interval: Interval
    difference: float
    """After minus before."""
    interval: Interval
    """Paired cluster bootstrap of the difference."""
    p: float
    """Two-sided, of no difference."""
    test: Literal["mcnemar-exact", "sign-flip"]
    """McNemar for 0/1 scores without repeated clusters, sign flips of whole clusters otherwise."""
    wins: int
    """Pairs in which the second model scores higher."""
    losses: int
    """Pairs in which the first model scores higher."""
    missing_before: int
    """Ids that only the second model has."""
    missing_after: int
    """Ids that only the first model has."""
    unscored: int
    """Ids without a score on at least one side."""


def compare(
    before: Iterable[Mapping[str, Any]],
    after: Iterable[Mapping[str, Any]],
    *,
    task: str = "all",
    row_score: RowScore = mean_score,
    missing: Missing = "error",
    draws: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two models on the same graded rows.

    Args:
        before: graded rows of the first model.
        after: graded rows of the second model, in any order.
        task: name of the result.
        row_score: score of a row; mean over its trials by default, `pass_score(k)` for pass@k.
        missing: whether ids on one side only are an error or counted.
        draws: of the bootstrap and of the sign flips.
        level: of the intervals.
        seed: of the draws.

    Raises:
        PairingError: when the ids do not match, or no pair is left.

    >>> old = [{"id": str(i), "trials": [{"score": float(i < 3)}]} for i in range(13)]
    >>> new = [{"id": str(i), "trials": [{"score": float(i >= 3)}]} for i in range(13)]
    >>> result = compare(old, new)
    >>> result.test, round(result.p, 4), result.wins, result.losses
    ('mcnemar-exact', 0.0923, 10, 3)
    """
    pairs = pair_scores(score_rows(before, row_score), score_rows(after, row_score), missing)
    gained = pairs.after - pairs.before
    wins, losses = int(np.count_nonzero(gained > 0)), int(np.count_nonzero(gained < 0))
    first, second = (accuracy(side, pairs.clusters, level) for side in (pairs.before.tolist(), pairs.after.tolist()))
    is_mcnemar = _fits_mcnemar(pairs, first)
    p = mcnemar_exact(losses, wins) if is_mcnemar else sign_flip_test(gained, pairs.clusters, draws=draws, seed=seed)
    return Comparison(
        task=task,
        n=len(pairs.ids),
        n_clusters=first.n_clusters,
        before=first.value,
        after=second.value,
        before_interval=first.interval,
        after_interval=second.interval,
        difference=float(gained.mean()),
        interval=cluster_bootstrap(gained, pairs.clusters, draws=draws, level=level, seed=seed),
        p=p,
        test="mcnemar-exact" if is_mcnemar else "sign-flip",
        wins=wins,
        losses=losses,
        missing_before=pairs.missing_before,
        missing_after=pairs.missing_after,
        unscored=pairs.unscored,
    )


def _fits_mcnemar(pairs: Pairs, first: Accuracy) -> bool:
    is_binary = bool(np.isin(np.concatenate([pairs.before, pairs.after]), (0.0, 1.0)).all())
    return is_binary and first.n_clusters == first.n


def compare_tasks(
    before: Iterable[Mapping[str, Any]],
    after: Iterable[Mapping[str, Any]],
    *,
    together: str | None = None,
    row_score: RowScore = mean_score,
    missing: Missing = "error",
    draws: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> list[Comparison]:
    """Compare two models on each task that the rows name in `task`, in order of appearance; options as for `compare`.

    Args:
        before: graded rows of the first model.
        after: graded rows of the second model.
        together: name of a last line over all rows, where there are several tasks; a task that one side lacks
            altogether has then no line of its own, and with `missing="count"` its rows are counted in this one.
        row_score: this and all that follows as for `compare`.

    Raises:
        PairingError: when a task is on one side only without such a line, or as for `compare`.
    """
    rows, after_rows = list(before), list(after)
    old, new = by_task(rows), by_task(after_rows)
    alone = sorted(set(old) ^ set(new))
    if alone and not (together and missing == "count"):
        raise PairingError(f"both models need the same tasks; only one side has {alone}.")
    wanted = [(task, old[task], new[task]) for task in old if task in new]
    if together and (len(wanted) > 1 or alone) and rows and after_rows:
        wanted.append((together, rows, after_rows))
    return [
        compare(first, second, task=task, row_score=row_score, missing=missing, draws=draws, level=level, seed=seed)
        for task, first, second in wanted
    ]


def by_task(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Sort rows into their tasks, in order of appearance; rows that name none form the task `all`."""
    tasks: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        tasks.setdefault(str(row.get("task") or "all"), []).append(row)
    return tasks
