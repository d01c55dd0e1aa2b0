"""Pairs of questions that count only when all of their questions are answered right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench_eval.errors import RowError
from bench_eval.pairs import cluster_of, mean_score

if TYPE_CHECKING:
    from shard_runner import Row


@dataclass(frozen=True)
class PairedRows:
    """One graded row for each pair, for `score_tasks`, `compare` and `compare_tasks`."""

    rows: list[Row]
    """`{id, task, cluster, trials, members}`, in order of appearance: one trial, and the ids of the questions."""
    incomplete: int
    """Pairs that are left out because a question is missing."""


def pair_rows(rows: Iterable[Mapping[str, Any]], *, size: int = 2) -> PairedRows:
    """Join graded rows by their field `pair`; rows without one are left out.

    The score of a pair is the lowest among the first trials of its questions, and none where one of them has none. Its
    cluster is that of the question whose id comes first, so that both models get the same one: questions about a scene
    that several pairs share must name it in `cluster`.

    Args:
        rows: graded, of one model.
        size: questions of a pair.

    Raises:
        RowError: when a pair has too many questions, an id twice, or questions of several tasks.

    Source: Tong et al. 2024 (MMVP), where both questions of a pair must be right; 0 to 1 instead of right or wrong,
    any size and "no score" are ours.

    >>> scores = {"a-left": 1.0, "a-right": 1.0, "b-left": 1.0, "b-right": 0.0, "c-left": 1.0}
    >>> rows = [{"id": i, "pair": i[0], "trials": [{"text": "", "score": score}]} for i, score in scores.items()]
    >>> paired = pair_rows(rows)
    >>> [(row["id"], row["trials"][0]["score"]) for row in paired.rows], paired.incomplete
    ([('a', 1.0), ('b', 0.0)], 1)
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row.get("pair") not in (None, ""):
            groups.setdefault(str(row["pair"]), []).append(row)
    for pair, members in groups.items():
        _require_pair(pair, members, size)
    whole = [_joined(pair, members) for pair, members in groups.items() if len(members) == size]
    return PairedRows(whole, len(groups) - len(whole))


def _require_pair(pair: str, members: Sequence[Mapping[str, Any]], size: int) -> None:
    ids = [str(row["id"]) for row in members]
    if len(members) > size or len(set(ids)) < len(ids):
        raise RowError(f"pair {pair!r} must have {size} questions with ids of their own; got {ids}.")
    tasks = sorted({_task(row) for row in members})
    if len(tasks) > 1:
        raise RowError(f"the questions of a pair must belong to one task; those of {pair!r} belong to {tasks}.")


def _joined(pair: str, members: Sequence[Mapping[str, Any]]) -> Row:
    members = sorted(members, key=lambda row: str(row["id"]))
    return {
        "id": pair,
        "task": _task(members[0]),
        "cluster": cluster_of(members[0], pair),
        "trials": [_joined_trial(members)],
        "members": [str(row["id"]) for row in members],
    }


def _joined_trial(members: Sequence[Mapping[str, Any]]) -> Row:
    trials = [trial for row in members for trial in row["trials"][:1]]
    reasons = [trial.get("finish_reason") for trial in trials]
    scores = [mean_score({"trials": row["trials"][:1]}) for row in members]
    # A wrong question beside one without a score is no 0: such pairs could then only count as wrong, never as right.
    known = [score for score in scores if score is not None]
    score = min(known) if len(known) == len(scores) else None
    return {
        "text": "\n".join(str(trial.get("text", "")) for trial in trials),
        "finish_reason": "length" if "length" in reasons else None if None in reasons else "stop",
        "score": score,
        "verdict": None if score is None else score == 1,
    }


def _task(row: Mapping[str, Any]) -> str:
    return str(row.get("task") or "all")
