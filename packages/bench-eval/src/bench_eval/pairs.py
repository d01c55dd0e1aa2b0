"""Scores of graded rows, and the same rows of two models side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench_eval.errors import PairingError, RowError

RowScore: TypeAlias = Callable[[Mapping[str, Any]], float | None]
"""Graded row -> score from 0 to 1, or None when it has none."""
Missing: TypeAlias = Literal["error", "count"]
"""What ids on one side only mean: an error, or a number in the result."""


def mean_score(row: Mapping[str, Any]) -> float | None:
    """Mean score of the trials of a graded row, its accuracy per trial; None when any of them has no score.

    >>> mean_score({"trials": [{"score": 1.0}, {"score": 0.0}]})
    0.5
    """
    scores = [trial["score"] for trial in row["trials"]]
    if not scores or any(score is None or not 0 <= score <= 1 for score in scores):
        return None
    return sum(scores) / len(scores)


def cluster_of(row: Mapping[str, Any], alone: str) -> str:
    """Name the cluster of a row: what its `cluster` says, or where that is missing or empty a cluster of its own.

    >>> cluster_of({"cluster": 0}, "row-7"), cluster_of({"cluster": ""}, "row-7")
    ('0', 'row-7')
    """
    named = row.get("cluster")
    return alone if named is None or named == "" else str(named)


@dataclass(frozen=True)
class ScoredRows:
    """Scores of one model by row id, in the order of the rows."""

    scores: Mapping[str, float | None]
    """None where the row has no score."""
    clusters: Mapping[str, str]
    """Cluster of each row; the row's id where it names none."""

    @property
    def unscored(self) -> list[str]:
        """Ids without a score."""
        return [row_id for row_id, score in self.scores.items() if score is None]


def score_rows(rows: Iterable[Mapping[str, Any]], row_score: RowScore = mean_score) -> ScoredRows:
    """Score every row once.

    Raises:
        RowError: when an id occurs twice.
    """
    scores: dict[str, float | None] = {}
    clusters: dict[str, str] = {}
    for row in rows:
        row_id = str(row["id"])
        if row_id in scores:
            raise RowError(f"ids must be unique within a task; {row_id!r} occurs twice.")
        scores[row_id] = row_score(row)
        clusters[row_id] = cluster_of(row, row_id)
    return ScoredRows(scores, clusters)


@dataclass(frozen=True)
class Pairs:
    """The rows that both models have a score for."""

    ids: list[str]
    """In the order of the first model's rows."""
    before: NDArray[np.float64]
    """(N,) scores of the first model."""
    after: NDArray[np.float64]
    """(N,) scores of the second model."""
    clusters: list[str]
    """One per id."""
    missing_before: int
    """Ids that only the second model has."""
    missing_after: int
    """Ids that only the first model has."""
    unscored: int
    """Ids that both have, but at least one without a score."""


def pair_scores(before: ScoredRows, after: ScoredRows, missing: Missing = "error") -> Pairs:
    """Put the scores of two models side by side.

    Raises:
        PairingError: when ids are on one side only and `missing` is "error", when a row changed its cluster, or when no
            pair is left.
    """
    only_before = [row_id for row_id in before.scores if row_id not in after.scores]
    only_after = [row_id for row_id in after.scores if row_id not in before.scores]
    if missing == "error" and (only_before or only_after):
        raise PairingError(
            f"both models need the same ids; {len(only_before)} only before, {len(only_after)} only after "
            f"(first: {(only_before + only_after)[0]!r}). Pass missing='count' to compare the rest."
        )
    shared = [row_id for row_id in before.scores if row_id in after.scores]
    moved = [row_id for row_id in shared if before.clusters[row_id] != after.clusters[row_id]]
    if moved:
        raise PairingError(
            f"a row must name the same cluster on both sides; {moved[0]!r} does not ({len(moved)} such)."
        )
    triples = [(row_id, before.scores[row_id], after.scores[row_id]) for row_id in shared]
    pairs = [(row_id, b, a) for row_id, b, a in triples if b is not None and a is not None]
    if not pairs:
        raise PairingError(
            f"no pair of scores is left of {len(before.scores)} rows before and {len(after.scores)} after."
        )
    ids = [row_id for row_id, _, _ in pairs]
    values = np.array([(b, a) for _, b, a in pairs], dtype=np.float64)
    groups = [before.clusters[row_id] for row_id in ids]
    return Pairs(ids, values[:, 0], values[:, 1], groups, len(only_after), len(only_before), len(shared) - len(pairs))
