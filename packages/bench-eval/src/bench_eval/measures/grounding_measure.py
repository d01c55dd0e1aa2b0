"""Figures of one box per expression: the share with enough overlap, in each split and as the plain mean of splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench_eval.measures.known_rows import known_rows
from bench_eval.measures.mean_measures import kinds_of
from bench_eval.measures.measured import Measured, Metric, mean_of, ratio
from bench_eval.rules.boxes_in_text import Xyxy, answer_to_box, iou_of_two, true_box

_THRESHOLDS = (0.1, 0.3, 0.7, 0.9)
_FIGURES = ("accuracy@0.5", "mean iou", *(f"accuracy@{threshold}" for threshold in _THRESHOLDS), "centre accuracy")


def measure_grounding(rows: Sequence[Mapping[str, Any]]) -> Measured:
    """Measure rows with `split` and `box_xyxy_px` whose graders left the box, in pixels, as the answer of each trial.

    Every figure is the plain mean of those of the splits; `accuracy@0.5` is also given split by split. The accuracy of
    centres is the share of answers whose middle lies in the true box. No box overlaps nothing, and has no middle.

    >>> row = {"id": "a", "split": "refcoco_val", "box_xyxy_px": [0, 0, 10, 10]}
    >>> measured = measure_grounding([row | {"trials": [{"score": 1.0, "answer": "[0, 0, 10, 8]"}]}])
    >>> [(metric.name, value) for metric, value in zip(measured.metrics, measured.values())][:3]
    [('accuracy@0.5', 1.0), ('mean iou', 0.8), ('accuracy@0.1', 1.0)]

    Raises:
        RowError: no row has a score, or one has no true box.

    Source: the figures are those of lmms-eval's refcoco_bbox_rec; the mean over splits is VLMEvalKit's Average.
    """
    splits = [split for _, split in kinds_of(rows, ["split"])]
    known = known_rows(rows)
    return known.measured(np.array([_line(row, splits) for row in known.rows]), _metrics(splits))


def _line(row: Mapping[str, Any], splits: Sequence[str]) -> list[float]:
    truth = true_box(row)
    trials = [_figures(trial, truth) for trial in row["trials"]]
    figures = [sum(values) / len(values) for values in zip(*trials, strict=True)]
    own = str(row.get("split"))
    line = [figures[0]]
    for split in splits:
        line += [1.0, *figures] if split == own else [0.0] * (1 + len(_FIGURES))
    return line


def _figures(trial: Mapping[str, Any], truth: Xyxy) -> list[float]:
    box = answer_to_box(str(trial["answer"]))
    if box is None:
        return [0.0] * len(_FIGURES)
    overlap = iou_of_two(box, truth)
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    is_inside = truth[0] <= x <= truth[2] and truth[1] <= y <= truth[3]
    return [float(trial["score"]), overlap, *(float(overlap >= least) for least in _THRESHOLDS), float(is_inside)]


def _metrics(splits: Sequence[str]) -> list[Metric]:
    places = [1 + k * (1 + len(_FIGURES)) for k in range(len(splits))]
    metrics = [
        Metric(name=name, formula=mean_of([ratio(place + 1 + k, place) for place in places]))
        for k, name in enumerate(_FIGURES)
    ]
    if len(splits) > 1:
        metrics += [
            Metric(name=f"accuracy@0.5 split={split}", formula=ratio(place + 1, place))
            for split, place in zip(splits, places, strict=True)
        ]
    return metrics
