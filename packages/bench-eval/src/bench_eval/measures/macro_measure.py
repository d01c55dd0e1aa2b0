"""Mean of the means of kinds, so that each kind counts the same however many rows it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench_eval.bootstrap import Formula
from bench_eval.measures.known_rows import known_rows
from bench_eval.measures.mean_measures import kinds_of
from bench_eval.measures.measured import Measure, Measured, Metric, ratio


def macro_measure(name: str = "macro accuracy", *, over: str, within: str | None = None) -> Measure:
    """Make the measure that averages the mean scores of the kinds of rows; rows without a score are left out.

    Args:
        name: of the headline.
        over: field of the rows; each of its values is a kind and gets a metric `over=value`.
        within: field whose values get a metric `within=value` each, the mean over the kinds inside it.

    >>> rows = [{"id": str(i), "kind": "ab"[i > 2], "trials": [{"score": float(i == 3)}]} for i in range(4)]
    >>> macro_measure(over="kind")(rows).values()
    [0.5, 0.0, 1.0]
    """

    def measure(rows: Sequence[Mapping[str, Any]]) -> Measured:
        known = known_rows(rows)
        parents = [value for _, value in kinds_of(rows, [within])] if within else []
        kinds = sorted({(str(row.get(within)) if within else "", str(row.get(over))) for row in rows})
        lines = [_line(row, score, kinds, over, within) for row, score in zip(known.rows, known.scores, strict=True)]
        places = range(len(kinds))
        metrics = [Metric(name=name, formula=_mean_of_ratios(places))]
        for value in parents:
            inside = [k for k in places if kinds[k][0] == value]
            about = tuple(map(_whole, inside))
            metrics.append(Metric(name=f"{within}={value}", formula=_mean_of_ratios(inside), about=about))
        metrics += [
            Metric(name=f"{over}={kinds[k][1]}", formula=ratio(_part(k), _whole(k)))
            for k in sorted(places, key=lambda k: kinds[k][1])
        ]
        return known.measured(np.array(lines), metrics)

    return measure


def _line(
    row: Mapping[str, Any], score: float, kinds: Sequence[tuple[str, str]], over: str, within: str | None
) -> list[float]:
    mine = (str(row.get(within)) if within else "", str(row.get(over)))
    line = [score]
    for kind in kinds:
        line += [score * (kind == mine), float(kind == mine)]
    return line


def _part(kind: int) -> int:
    return 1 + 2 * kind


def _whole(kind: int) -> int:
    return 2 + 2 * kind


def _mean_of_ratios(kinds: Sequence[int]) -> Formula:
    """The mean over the kinds that a draw holds; NaN where it holds none."""
    ratios = [ratio(_part(kind), _whole(kind)) for kind in kinds]

    def formula(means: NDArray[np.float64]) -> NDArray[np.float64]:
        values = np.stack([one(means) for one in ratios])
        is_there = ~np.isnan(values)
        with np.errstate(invalid="ignore"):
            return np.where(is_there, values, 0.0).sum(axis=0) / is_there.sum(axis=0)

    return formula
