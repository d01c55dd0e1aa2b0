"""ScienceQA: accuracy over all questions and over those with a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench_eval.measures.mean_measures import mean_measure
from bench_eval.measures.measured import Measured

_KINDS = ("context", "subject")


def measure_science_qa(rows: Sequence[Mapping[str, Any]]) -> Measured:
    """Accuracy over all, `context=image` and `context=text`, and by subject where rows name one.

    >>> rows = [{"id": k, "context": k, "trials": [{"score": s}]} for k, s in (("image", 1.0), ("text", 0.0))]
    >>> measure_science_qa(rows).values()
    [0.5, 1.0, 0.0]
    """
    return mean_measure(by=[name for name in _KINDS if any(row.get(name) for row in rows)])(rows)
