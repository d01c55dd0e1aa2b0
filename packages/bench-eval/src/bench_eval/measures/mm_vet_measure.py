"""Figures of MM-Vet: the mean score, by capability, by set of capabilities, and its spread over runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench_eval.bootstrap import Formula
from bench_eval.measures.group_columns import group_columns, group_metrics
from bench_eval.measures.known_rows import known_rows
from bench_eval.measures.measured import Measured, Metric


def measure_mm_vet(rows: Sequence[Mapping[str, Any]]) -> Measured:
    """Average the scores over all questions, over those that need a capability, and over those that need exactly a set.

    Rows have `capabilities` and `integration`. Where every row has as many trials, and more than one, each position is
    a run, and `std over runs` is the population's standard deviation of their totals; lower says more stable.

    Raises:
        RowError: no row has a score.

    Source: Yu et al. 2023 (arXiv 2308.02490); mm-vet_evaluator.py for the standard deviation.

    >>> scores = {"ocr": 0.5, "rec": 1.0}
    >>> rows = [{"id": c, "capabilities": [c], "integration": c, "trials": [{"score": scores[c]}]} for c in scores]
    >>> measured = measure_mm_vet(rows)
    >>> [metric.name for metric in measured.metrics], measured.values()
    (['total', 'ocr', 'rec', 'only ocr', 'only rec'], [0.75, 0.5, 1.0, 0.5, 1.0])
    """
    known = known_rows(rows)
    groups = _groups(rows)
    inside = np.array([[name in _groups([row]) for name in groups] for row in known.rows], dtype=np.float64)
    columns = group_columns(known.scores, inside)
    metrics = [*group_metrics("total", [name for _, name in groups])]
    runs = _runs(rows, known.rows)
    if runs is not None:
        metrics.append(Metric(name="std over runs", formula=_spread(columns.shape[1], runs.shape[1])))
        columns = np.hstack([columns, runs])
    return known.measured(columns, metrics)


def _groups(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """List capabilities, then sets of several; a set of one is marked, since it is not all that need the capability."""
    capabilities = {("capability", str(one)) for row in rows for one in row["capabilities"]}
    sets = {("set", f"only {row['integration']}") for row in rows}
    return [*sorted(capabilities), *sorted(sets)]


def _runs(rows: Sequence[Mapping[str, Any]], known: Sequence[Mapping[str, Any]]) -> NDArray[np.float64] | None:
    """Scores (N, R) by row and run; None where there is but one, or rows differ in their number."""
    counts = {len(row["trials"]) for row in rows}
    if len(counts) != 1 or counts == {1}:
        return None
    return np.array([[trial["score"] for trial in row["trials"]] for row in known], dtype=np.float64)


def _spread(first: int, n_runs: int) -> Formula:
    return lambda means: means[:, first : first + n_runs].std(axis=1)
