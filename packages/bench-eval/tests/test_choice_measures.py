"""Figures of MMVP, CV-Bench and ScienceQA by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench_eval.errors import RowError
from bench_eval.measures.cv_bench_measure import measure_cv_bench
from bench_eval.measures.metric_scores import score_metrics
from bench_eval.measures.pair_measures import measure_pairs
from bench_eval.measures.science_qa_measure import measure_science_qa


def row(row_id: str, *scores: float | None, **fields: Any) -> dict[str, Any]:
    return {"id": row_id, "trials": [{"score": score} for score in scores], **fields}


def test_a_pair_counts_when_both_questions_are_right() -> None:
    rows = [row("1", 1.0, pair="a"), row("2", 1.0, pair="a"), row("3", 1.0, pair="b"), row("4", 0.0, pair="b")]
    rows += [row("5", 0.0, pair="c"), row("6", 0.0, pair="c")]
    measured = measure_pairs(rows)
    assert [metric.name for metric in measured.metrics] == ["pair accuracy", "question accuracy"]
    assert measured.values() == pytest.approx([1 / 3, 3 / 6])
    assert (measured.ids, measured.clusters, measured.left_out) == (["a", "b", "c"], ["a", "b", "c"], 0)


def test_trials_of_a_pair_go_together_by_their_number() -> None:
    rows = [row("1", 1.0, 0.0, pair="a"), row("2", 0.0, 1.0, pair="a")]
    assert measure_pairs(rows).values() == [0.0, 0.5]
    rows = [row("1", 1.0, 0.0, pair="a"), row("2", 1.0, 0.0, pair="a")]
    assert measure_pairs(rows).values() == [0.5, 0.5]


def test_incomplete_pairs_are_left_out_and_counted_in_rows() -> None:
    rows = [row("1", 1.0, pair="a"), row("2", 1.0, pair="a"), row("3", 1.0, pair="b")]
    rows += [row("4", None, pair="c"), row("5", 1.0, pair="c")]
    measured = measure_pairs(rows)
    assert (measured.values(), measured.left_out) == ([1.0, 1.0], 3)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([row("1", 1.0)], "needs the name of its pair"),
        ([row("1", 1.0, pair="a")], "none of 1 pairs has two questions"),
        ([row(i, 1.0, pair="a") for i in "123"], "must have two rows"),
        ([row("1", 1.0, pair="a"), row("1", 1.0, pair="a")], "ids of their own"),
        ([row("1", 1.0, pair="a"), row("2", 1.0, 1.0, pair="a")], "equal numbers of trials"),
    ],
)
def test_rows_that_make_no_pairs_are_refused(rows: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(RowError, match=why):
        measure_pairs(rows)


def cv_rows() -> list[dict[str, Any]]:
    told = [("ADE20K", "Count", 1), ("ADE20K", "Relation", 0), ("ADE20K", "Relation", 0), ("ADE20K", "Count", 0)]
    told += [("COCO", "Count", 1), ("Omni3D", "Depth", 1), ("Omni3D", "Distance", 0), ("Omni3D", "Distance", 1)]
    return [row(str(k), float(x), source=source, kind=kind) for k, (source, kind, x) in enumerate(told)]


def test_sources_weigh_the_same_in_cv_bench() -> None:
    measured = measure_cv_bench(cv_rows())
    values = dict(zip([metric.name for metric in measured.metrics], measured.values(), strict=True))
    assert values["2D"] == pytest.approx((1 / 4 + 1) / 2)
    assert values["3D"] == pytest.approx(2 / 3)
    assert values["accuracy"] == pytest.approx(((1 / 4 + 1) / 2 + 2 / 3) / 2)
    assert values["task=Count"] == pytest.approx(2 / 3)
    assert values["task=Distance"] == values["source=ADE20K"] * 2 == 0.5
    assert measured.columns[:, 0].tolist() == [1, 0, 0, 0, 1, 1, 0, 1]


def test_a_part_of_cv_bench_has_no_official_figure_but_those_of_its_sources() -> None:
    values = measure_cv_bench(cv_rows()[:5]).values()
    assert np.isnan(values[0])
    assert values[1] == pytest.approx(0.625)


def test_cv_bench_has_intervals() -> None:
    scores = score_metrics(measure_cv_bench(cv_rows() * 1), draws=200)
    assert 0 <= scores[0].interval[0] <= scores[0].value <= scores[0].interval[1] <= 1


def test_each_figure_of_cv_bench_counts_the_rows_that_it_is_about() -> None:
    counts = {score.metric: score.n for score in score_metrics(measure_cv_bench(cv_rows()), draws=50)}
    assert (counts["accuracy"], counts["2D"], counts["3D"]) == (8, 5, 3)
    assert (counts["source=ADE20K"], counts["source=COCO"], counts["task=Count"]) == (4, 1, 3)


def test_unknown_sources_are_refused() -> None:
    with pytest.raises(RowError, match="source must be one of ADE20K, COCO, Omni3D"):
        measure_cv_bench([row("1", 1.0, source="Flickr", kind="Count")])


def test_science_qa_has_figures_by_context_and_by_subject_where_known() -> None:
    rows = [row("1", 1.0, context="image"), row("2", 0.0, context="image"), row("3", 1.0, context="text")]
    measured = measure_science_qa(rows)
    assert [metric.name for metric in measured.metrics] == ["accuracy", "context=image", "context=text"]
    assert measured.values() == pytest.approx([2 / 3, 1 / 2, 1.0])
    subjects = measure_science_qa([{**one, "subject": "language"} for one in rows])
    assert subjects.metrics[-1].name == "subject=language"


def test_questions_without_a_score_are_in_no_figure_of_science_qa() -> None:
    rows = [row("1", 1.0, context="image"), row("2", None, context="image"), row("3", context="text")]
    left = measure_science_qa(rows)
    assert (left.values()[0], left.left_out) == (1.0, 2)
