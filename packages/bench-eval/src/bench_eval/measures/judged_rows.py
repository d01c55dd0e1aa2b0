"""Judged rows whose judgements are figures: read from what each trial's `answer` keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench_eval.errors import RowError
from bench_eval.pairs import score_rows


class JudgedRows(NamedTuple):
    """Rows that all have a score, with the figures of their judgements."""

    rows: list[Mapping[str, Any]]
    ids: list[str]
    clusters: list[str]
    figures: list[NDArray[np.float64]]
    """(T, F) of each row: one line per trial."""
    left_out: int
    """Rows without a score."""


def judged_rows(rows: Sequence[Mapping[str, Any]], n_figures: int) -> JudgedRows:
    """Read the figures of the rows that have a score.

    Raises:
        RowError: no row has a score, or an `answer` does not hold `n_figures` numbers.
    """
    scored = score_rows(rows)
    known = [row for row in rows if scored.scores[str(row["id"])] is not None]
    if not known:
        raise RowError(f"none of {len(rows)} rows has a score.")
    ids = [str(row["id"]) for row in known]
    figures = [np.array([_figures(trial, row, n_figures) for trial in row["trials"]]) for row in known]
    return JudgedRows(known, ids, [scored.clusters[one] for one in ids], figures, len(rows) - len(known))


def _figures(trial: Mapping[str, Any], row: Mapping[str, Any], n_figures: int) -> list[float]:
    answer = str(trial.get("answer", ""))
    try:
        figures = [float(part) for part in answer.split()]
    except ValueError:
        figures = []
    if len(figures) != n_figures:
        raise RowError(f"row {row.get('id')!r} needs {n_figures} numbers as its judged answer; got {answer!r}.")
    return figures
