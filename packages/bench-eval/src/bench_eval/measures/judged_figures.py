"""Judged rows whose judgements are figures: read from what each trial's `answer` keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench_eval.errors import RowError


def judged_figures(rows: Sequence[Mapping[str, Any]], n_figures: int) -> list[NDArray[np.float64]]:
    """Read the figures (T, F) of each row: one line per trial.

    Raises:
        RowError: an `answer` does not hold `n_figures` numbers.

    >>> judged_figures([{"id": "a", "trials": [{"answer": "8 7"}]}], 2)[0].tolist()
    [[8.0, 7.0]]
    """
    return [np.array([_figures(trial, row, n_figures) for trial in row["trials"]]) for row in rows]


def _figures(trial: Mapping[str, Any], row: Mapping[str, Any], n_figures: int) -> list[float]:
    answer = str(trial.get("answer", ""))
    try:
        figures = [float(part) for part in answer.split()]
    except ValueError:
        figures = []
    if len(figures) != n_figures:
        raise RowError(f"row {row.get('id')!r} needs {n_figures} numbers as its judged answer; got {answer!r}.")
    return figures
