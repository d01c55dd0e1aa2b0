"""Questions asked in every rotation of their options: right only where every rotation is right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench_eval.errors import RowError
from bench_eval.measures.mean_measures import kinds_of
from bench_eval.measures.measured import Measure, Measured, Metric, ratio
from bench_eval.pairs import cluster_of, mean_score


def circular_measure(*, by: Sequence[str] = ()) -> Measure:
    """Make the measure of rows `{base, rotation, n_rotations, ...}`: circular accuracy, vanilla accuracy, and kinds.

    Rows that share a `base` are one question. Circular: all of its rows are right; with several trials, the share of
    trials in which all are. Vanilla: the row of rotation 0 alone. Questions of which a row is missing or has no score
    are left out.

    Args:
        by: fields of the rows; each value of each becomes a metric `field=value`, circular too.

    Raises:
        RowError: (when measuring) rows of one question have different numbers of trials, or no question is complete.

    >>> scores = {("a", 0): 1.0, ("a", 1): 1.0, ("b", 0): 1.0, ("b", 1): 0.0}
    >>> rows = [
    ...     {"id": base + str(k), "base": base, "rotation": k, "n_rotations": 2, "trials": [{"score": score}]}
    ...     for (base, k), score in scores.items()
    ... ]
    >>> measured = circular_measure()(rows)
    >>> [metric.name for metric in measured.metrics], measured.values()
    (['circular accuracy', 'vanilla accuracy'], [0.5, 1.0])
    """

    def measure(rows: Sequence[Mapping[str, Any]]) -> Measured:
        questions = _complete(rows)
        if not questions:
            raise RowError(f"none of the questions of {len(rows)} rows has all its rotations with a score.")
        kinds = kinds_of(rows, by)
        metrics = [
            Metric(name=f"{name} accuracy", formula=ratio(k, 2)) for k, name in enumerate(("circular", "vanilla"))
        ]
        metrics += [
            Metric(name=f"{field}={value}", formula=ratio(3 + 2 * k, 4 + 2 * k))
            for k, (field, value) in enumerate(kinds)
        ]
        return Measured(
            ids=list(questions),
            clusters=[cluster_of(group[0], base) for base, group in questions.items()],
            columns=np.array([_line(group, kinds) for group in questions.values()]),
            metrics=tuple(metrics),
            left_out=len(rows) - sum(map(len, questions.values())),
        )

    return measure


def _complete(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Group the rows of each question, rotation 0 first; only questions that have all their rows with scores."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row["base"]), []).append(row)
    ordered = {base: sorted(group, key=lambda row: row["rotation"]) for base, group in groups.items()}
    return {base: group for base, group in ordered.items() if _is_complete(base, group)}


def _is_complete(base: str, group: Sequence[Mapping[str, Any]]) -> bool:
    rotations = {row["rotation"] for row in group}
    if len(rotations) < len(group):
        raise RowError(f"each rotation of question {base} must occur once; got {[row['rotation'] for row in group]}.")
    has_all = 0 in rotations and len(group) == group[0]["n_rotations"]
    return has_all and all(mean_score(row) is not None for row in group)


def _line(group: Sequence[Mapping[str, Any]], kinds: Sequence[tuple[str, str]]) -> list[float]:
    scores = [[float(trial["score"]) for trial in row["trials"]] for row in group]
    if len(set(map(len, scores))) > 1:
        counts = list(map(len, scores))
        raise RowError(f"rows of one question need equally many trials; {group[0]['base']} has {counts}.")
    circular = sum(math.prod(trial) for trial in zip(*scores, strict=True)) / len(scores[0])
    line = [circular, sum(scores[0]) / len(scores[0]), 1.0]
    for field, value in kinds:
        inside = float(str(group[0].get(field)) == value)
        line += [circular * inside, inside]
    return line
