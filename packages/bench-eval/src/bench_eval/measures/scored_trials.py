"""The graded trials of a row, for measures that look at more than their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def scored_trials(row: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the trials of a graded row; none where any of them has no score, since the row then has none either.

    >>> len(scored_trials({"trials": [{"score": 1.0}]})), len(scored_trials({"trials": [{"score": None}]}))
    (1, 0)
    """
    trials: Sequence[Mapping[str, Any]] = row["trials"]
    return [] if any(trial["score"] is None for trial in trials) else trials


def cluster_of(row: Mapping[str, Any]) -> str:
    """Return the cluster of a row; its id where it names none."""
    named = row.get("cluster")
    return str(row["id"]) if named is None else str(named)
