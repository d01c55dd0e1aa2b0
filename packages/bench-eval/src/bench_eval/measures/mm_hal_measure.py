"""Figures of MMHal-Bench: the mean rating, overall and by type of question, hallucination rate, informativeness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench_eval.measures.group_columns import group_columns, group_metrics
from bench_eval.measures.judged_figures import judged_figures
from bench_eval.measures.known_rows import known_rows
from bench_eval.measures.mean_measures import kinds_of, members_of
from bench_eval.measures.measured import Measured, Metric, ratio

_BEST = 6.0
_WITHOUT_HALLUCINATION = 3.0
"""Ratings from here on say that nothing is made up."""


def measure_mm_hal(rows: Sequence[Mapping[str, Any]]) -> Measured:
    """Average ratings from 0 to 6; the share below 3 is the hallucination rate, of which less is better.

    Informativeness counts how informative an answer is, whether made up or not: rating - 3 from 3 on, the rating below,
    as a share of 3. Rows have `question_type`; the trials' `answer` is the rating.

    Raises:
        RowError: no row has a score, or an answer is no rating.

    Source: Sun et al. 2023 (arXiv 2309.14525); RLHF-V (arXiv 2312.00849) for informativeness.

    >>> rows = [{"id": r, "question_type": "other", "trials": [{"answer": r, "score": int(r) / 6}]} for r in "615"]
    >>> measured = measure_mm_hal(rows)
    >>> [metric.name for metric in measured.metrics], [round(value, 3) for value in measured.values()]
    (['rating', 'hallucination rate', 'informativeness', 'type=other'], [4.0, 0.333, 0.667, 4.0])
    """
    known = known_rows(rows)
    judged = judged_figures(known.rows, 1)
    ratings = np.array([one.mean() for one in judged])
    made_up = np.array([(one < _WITHOUT_HALLUCINATION).mean() for one in judged])
    informative = np.array([np.where(one >= 3, one - 3, one).mean() / 3 for one in judged])
    types = kinds_of(rows, ["question_type"])
    columns = np.column_stack(
        [ratings / _BEST, made_up, informative, group_columns(ratings, members_of(known.rows, types))]
    )
    overall, *by_type = group_metrics("rating", [f"type={value}" for _, value in types], top=_BEST, first=3)
    metrics = (
        overall,
        Metric(name="hallucination rate", formula=ratio(1, 4)),
        Metric(name="informativeness", formula=ratio(2, 4)),
        *by_type,
    )
    return known.measured(columns, metrics)
