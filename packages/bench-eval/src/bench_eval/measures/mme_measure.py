"""MME's figures: for each sub-task accuracy and accuracy+ (both questions of a picture right), and their sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench_eval.bootstrap import Formula
from bench_eval.errors import RowError
from bench_eval.measures.measured import Measured, Metric, ratio
from bench_eval.pairs import cluster_of, mean_score

PERCEPTION = (
    "existence",
    "count",
    "position",
    "color",
    "posters",
    "celebrity",
    "scene",
    "landmark",
    "artwork",
    "OCR",
)
"""Sub-tasks of perception, 200 points each."""
COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")
"""Sub-tasks of cognition, 200 points each."""


def measure_mme(rows: Sequence[Mapping[str, Any]]) -> Measured:
    """Add up MME: a sub-task's score is 100 times accuracy plus 100 times accuracy+.

    Rows have `category` (the sub-task) and `picture`; a unit is a picture's two questions. Perception (at most 2000) is
    the sum of ten sub-tasks and cognition (at most 800) of four; neither is given where one of its sub-tasks is absent.

    Raises:
        RowError: a picture has more than two questions, a sub-task is unknown, or no picture is complete.

    >>> def row(k, score): return {"id": str(k), "category": "count", "picture": "a.jpg", "trials": [{"score": score}]}
    >>> measured = measure_mme([row(0, 1.0), row(1, 0.0)])
    >>> [(metric.name, value) for metric, value in zip(measured.metrics, measured.values())]
    [('score count', 50.0), ('accuracy count', 0.5), ('accuracy+ count', 0.0)]

    Source: Fu et al. 2023 (MME), arXiv 2306.13394; the official tool pairs lines that follow each other.
    """
    pictures = _pictures(rows)
    whole = {name: pair for name, pair in pictures.items() if _is_whole(pair)}
    if not whole:
        raise RowError(f"none of {len(pictures)} pictures has two questions with a score.")
    known = {category for category, _ in pictures}
    categories = [category for category in (*PERCEPTION, *COGNITION) if category in known]
    return Measured(
        ids=[f"{category}/{picture}" for category, picture in whole],
        clusters=[cluster_of(pair[0], f"{category}/{picture}") for (category, picture), pair in whole.items()],
        columns=np.array([_line(category, pair, categories) for (category, _), pair in whole.items()]),
        metrics=tuple(_metrics(categories)),
        left_out=len(rows) - 2 * len(whole),
    )


def _pictures(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    pictures: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        category = str(row.get("category"))
        if category not in (*PERCEPTION, *COGNITION):
            raise RowError(f"row {row.get('id')!r} needs a sub-task of MME as category; got {category!r}.")
        pictures.setdefault((category, str(row.get("picture"))), []).append(row)
    for (category, picture), pair in pictures.items():
        if len(pair) > 2:
            raise RowError(f"MME asks two questions a picture; {category}/{picture} has {len(pair)}.")
    return pictures


def _is_whole(pair: Sequence[Mapping[str, Any]]) -> bool:
    return len(pair) == 2 and all(mean_score(row) is not None for row in pair)


def _line(category: str, pair: Sequence[Mapping[str, Any]], categories: Sequence[str]) -> list[float]:
    """A picture's own score, then for each sub-task whether it is there, its share right, and whether both are."""
    scores = np.array([[float(trial["score"]) for trial in row["trials"]] for row in pair])
    right, both = float(scores.mean()), float(scores.prod(axis=0).mean())
    line = [(right + both) / 2]
    for other in categories:
        line += [1.0, right, both] if other == category else [0.0, 0.0, 0.0]
    return line


def _metrics(categories: Sequence[str]) -> list[Metric]:
    places = {category: 1 + 3 * k for k, category in enumerate(categories)}
    sums = {"perception": PERCEPTION, "cognition": COGNITION}
    metrics = [
        Metric(name=name, formula=_sum_of(inside), about=tuple(inside), top=200.0 * len(inside))
        for name, parts in sums.items()
        if set(parts) <= set(categories) and (inside := [places[part] for part in parts])
    ]
    for category, place in places.items():
        metrics += [
            Metric(name=f"score {category}", formula=_sum_of([place]), about=(place,), top=200.0),
            Metric(name=f"accuracy {category}", formula=ratio(place + 1, place)),
            Metric(name=f"accuracy+ {category}", formula=ratio(place + 2, place)),
        ]
    return metrics


def _sum_of(places: Sequence[int]) -> Formula:
    index = np.array(places)

    def formula(means: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            points: NDArray[np.float64] = (means[:, index + 1] + means[:, index + 2]) / means[:, index]
        return 100 * points.sum(axis=1)

    return formula
