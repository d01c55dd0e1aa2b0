"""Accuracy over the questions of a file, by kind, and over its pairs where it has some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench_eval.measures.mean_measures import mean_measure
from bench_eval.measures.measured import Measured, Metric, ratio
from bench_eval.question_pairs import pair_rows


def measure_question_file(rows: Sequence[Mapping[str, Any]]) -> Measured:
    """Average the scores of rows, over all and for each `kind`; with `pair`, also the share of pairs right as a whole.

    A pair belongs to the cluster of its first question, which should name the scene. Of several trials pairs use the
    first; a pair with a question without a score is in no figure of pairs.

    >>> trials = {"a": [{"text": "", "score": 1.0}], "b": [{"text": "", "score": 0.0}]}
    >>> rows = [{"id": i, "kind": "count", "pair": "p", "trials": trials[i]} for i in "ab"]
    >>> measured = measure_question_file(rows)
    >>> [metric.name for metric in measured.metrics], measured.values()
    (['accuracy', 'kind=count', 'pair accuracy'], [0.5, 0.5, 0.0])
    """
    measured = mean_measure(by=["kind"])(rows)
    if not any(row.get("pair") not in (None, "") for row in rows):
        return measured
    places = {row_id: k for k, row_id in enumerate(measured.ids)}
    pairs = np.zeros((len(measured.ids), 2))
    for pair in pair_rows(rows).rows:
        score = pair["trials"][0]["score"]
        if score is not None:
            pairs[places[pair["members"][0]]] = score, 1.0
    first = measured.columns.shape[1]
    metric = Metric(name="pair accuracy", formula=ratio(first, first + 1))
    return replace(measured, columns=np.hstack([measured.columns, pairs]), metrics=(*measured.metrics, metric))
