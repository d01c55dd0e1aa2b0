"""Pairs of questions: a pair counts only when both of its questions are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench_eval.errors import RowError
from bench_eval.measures.measured import Measured, Metric, ratio
from bench_eval.pairs import mean_score


def measure_pairs(rows: Sequence[Mapping[str, Any]]) -> Measured:
    """Share of pairs with both questions right, then the share of right questions; units and clusters are pairs.

    Rows name their `pair`; one that is incomplete, or has a question without a score, is left out whole. With several
    trials, the k-th of one question goes with the k-th of the other.

    Raises:
        RowError: a row names no pair, a pair has more than two rows, an id twice or unequal numbers of trials, or none
            is complete.

    Source: Tong et al. 2024 (MMVP), section 3; questions over all rows as S-VCO reports them.

    >>> scores = {"a1": 1.0, "a2": 1.0, "b1": 1.0, "b2": 0.0}
    >>> rows = [{"id": i, "pair": i[0], "trials": [{"score": score}]} for i, score in scores.items()]
    >>> measure_pairs(rows).values()
    [0.5, 0.75]
    """
    pairs: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row.get("pair") in (None, ""):
            raise RowError(f"row {row.get('id')!r} needs the name of its pair.")
        pairs.setdefault(str(row["pair"]), []).append(row)
    for pair, members in pairs.items():
        _require_pair(pair, members)
    whole = {pair: members for pair, members in pairs.items() if len(members) == 2 and _have_scores(members)}
    if not whole:
        raise RowError(f"none of {len(pairs)} pairs has two questions with a score.")
    return Measured(
        ids=list(whole),
        clusters=list(whole),
        columns=np.array([_columns(members) for members in whole.values()]),
        metrics=(
            Metric(name="pair accuracy", formula=lambda means: means[:, 0]),
            Metric(name="question accuracy", formula=ratio(1, 2)),
        ),
        left_out=len(rows) - 2 * len(whole),
    )


def _require_pair(pair: str, members: Sequence[Mapping[str, Any]]) -> None:
    ids = [str(row["id"]) for row in members]
    if len(members) > 2 or len(set(ids)) < len(ids):
        raise RowError(f"pair {pair!r} must have two rows with ids of their own; got {ids}.")
    if len({len(row["trials"]) for row in members}) > 1:
        raise RowError(f"the rows of pair {pair!r} must have equal numbers of trials.")


def _have_scores(members: Sequence[Mapping[str, Any]]) -> bool:
    return all(mean_score(row) is not None for row in members)


def _columns(members: Sequence[Mapping[str, Any]]) -> list[float]:
    """Score of the pair, sum of its questions' scores, number of its questions."""
    first, second = ([trial["score"] for trial in row["trials"]] for row in members)
    both = [min(scores) for scores in zip(first, second, strict=True)]
    n_trials = len(both)
    return [sum(both) / n_trials, (sum(first) + sum(second)) / n_trials, 2.0]
