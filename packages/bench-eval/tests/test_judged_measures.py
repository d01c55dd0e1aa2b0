"""Figures of judged benchmarks, worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from bench_eval import RowError, cluster_bootstrap
from bench_eval.measures import Measured
from bench_eval.measures.mm_hal_measure import measure_mm_hal
from bench_eval.measures.mm_vet_measure import measure_mm_vet
from bench_eval.measures.relative_score_measure import relative_score_measure


def figures(measured: Measured) -> dict[str, float]:
    assert len({metric.name for metric in measured.metrics}) == len(measured.metrics)
    return {metric.name: round(value, 6) for metric, value in zip(measured.metrics, measured.values(), strict=True)}


def vet(row_id: str, capabilities: str, *scores: float | None) -> dict[str, Any]:
    trials = [{"score": score} for score in scores]
    return {"id": row_id, "capabilities": capabilities.split("+"), "integration": capabilities, "trials": trials}


def hal(row_id: str, kind: str, *ratings: str) -> dict[str, Any]:
    trials = [{"answer": rating, "score": float(rating) / 6 if rating else None} for rating in ratings]
    return {"id": row_id, "question_type": kind, "trials": trials}


def wild(row_id: str, category: str, *pairs: str, cluster: str | None = None) -> dict[str, Any]:
    trials = [{"answer": pair, "score": float(pair.split()[1]) / 10 if pair else None} for pair in pairs]
    return {"id": row_id, "category": category, "trials": trials, "cluster": cluster}


def test_mm_vet_averages_over_capabilities_and_over_exact_sets() -> None:
    rows = [vet("a", "rec", 1.0), vet("b", "rec+ocr", 0.5), vet("c", "ocr+math", 0.0), vet("d", "rec+ocr", 0.1)]
    measured = measure_mm_vet(rows)
    assert figures(measured) == {
        "total": 0.4,
        "math": 0.0,
        "ocr": 0.2,
        "rec": 0.533333,
        "only ocr+math": 0.0,
        "only rec": 1.0,
        "only rec+ocr": 0.3,
    }
    assert measured.metrics[0].name == "total"


def test_mm_vet_leaves_unreadable_rows_out_and_counts_them() -> None:
    measured = measure_mm_vet([vet("a", "rec", 0.4), vet("b", "math", None)])
    values = figures(measured)
    assert (values["total"], measured.left_out, measured.ids) == (0.4, 1, ["a"])
    assert np.isnan(values["math"])


def test_the_spread_over_runs_is_that_of_the_totals() -> None:
    rows = [vet("a", "rec", 1.0, 0.8, 0.6), vet("b", "rec", 0.0, 0.2, 0.0)]
    totals = [0.5, 0.5, 0.3]
    values = figures(measure_mm_vet(rows))
    assert values["std over runs"] == round(float(np.std(totals)), 6)
    assert values["total"] == round(sum(totals) / 3, 6)


@pytest.mark.parametrize("scores", [[(0.5,), (0.5,)], [(0.5, 0.5), (0.5,)]])
def test_there_is_no_spread_where_there_are_no_runs(scores: Sequence[tuple[float, ...]]) -> None:
    rows = [vet(str(k), "rec", *some) for k, some in enumerate(scores)]
    assert "std over runs" not in figures(measure_mm_vet(rows))


def test_mm_hal_counts_ratings_below_three_as_hallucination() -> None:
    rows = [hal("a", "counting", "6"), hal("b", "counting", "2"), hal("c", "other", "3"), hal("d", "other", "0")]
    measured = measure_mm_hal(rows)
    assert figures(measured) == {
        "rating": 2.75,
        "hallucination rate": 0.5,
        "informativeness": round((3 + 2 + 0 + 0) / 4 / 3, 6),
        "type=counting": 4.0,
        "type=other": 1.5,
    }
    assert [metric.top for metric in measured.metrics] == [6.0, 1.0, 1.0, 6.0, 6.0]


def test_mm_hal_takes_the_mean_of_a_rows_trials_and_leaves_unreadable_rows_out() -> None:
    measured = measure_mm_hal([hal("a", "other", "6", "1"), hal("b", "other", "6", "")])
    values = figures(measured)
    assert (values["rating"], values["hallucination rate"], measured.left_out) == (3.5, 0.5, 1)
    assert values["informativeness"] == round((3 + 1) / 2 / 3, 6)


def test_the_relative_score_is_a_ratio_of_means_and_not_a_mean_of_ratios_or_categories() -> None:
    rows = [wild("a", "conv", "10 5"), wild("b", "conv", "5 5"), wild("c", "detail", "8 2")]
    values = figures(relative_score_measure()(rows))
    assert values["relative score"] == round(12 / 23, 6)
    assert values["relative score, conv"] == round(10 / 15, 6)
    assert values["relative score, detail"] == 0.25
    assert (values["model mean"], values["reference mean"]) == (4.0, round(23 / 3, 6))
    assert (values["model mean, conv"], values["reference mean, conv"]) == (5.0, 7.5)


def test_means_are_rounded_before_the_division_where_a_profile_says_so() -> None:
    rows = [wild("a", "conv", "7 1"), wild("b", "conv", "7 1"), wild("c", "conv", "6 2")]
    exact, rounded = (relative_score_measure(mean_decimals=k)(rows).values()[0] for k in (None, 3))
    assert exact == pytest.approx(4 / 20, abs=1e-12)
    assert rounded == pytest.approx(1.333 / 6.667, abs=1e-12)


def test_unreadable_pairs_never_enter_the_means() -> None:
    rows = [wild("a", "conv", "8 4"), wild("b", "conv", "")]
    measured = relative_score_measure()(rows)
    assert (measured.values()[0], measured.left_out) == (0.5, 1)


def test_a_bootstrap_draws_whole_images() -> None:
    rows = [wild(str(k), "conv", f"{8 + k % 2} {4 + k % 5}", cluster=str(k // 3)) for k in range(30)]
    measured = relative_score_measure()(rows)
    assert len(set(measured.clusters)) == 10
    low, high = cluster_bootstrap(
        measured.columns, measured.clusters, formula=measured.metrics[0].formula, draws=500, seed=1
    )
    assert low < measured.values()[0] < high


@pytest.mark.parametrize("measure", [measure_mm_vet, measure_mm_hal, relative_score_measure()])
def test_rows_without_any_score_are_an_error(measure: Any) -> None:
    row = {"id": "a", "trials": [{"score": None, "answer": ""}]}
    with pytest.raises(RowError, match="none of 1 rows has a score"):
        measure([row])


def test_an_answer_that_is_no_judgement_is_an_error() -> None:
    row = {"id": "a", "category": "conv", "trials": [{"score": 0.5, "answer": "B"}]}
    with pytest.raises(RowError, match="row 'a' needs 2 numbers as its judged answer; got 'B'"):
        relative_score_measure()([row])


def test_the_first_column_is_the_rows_own_score() -> None:
    assert measure_mm_vet([vet("a", "rec", 0.4)]).columns[0, 0] == 0.4
    assert measure_mm_hal([hal("a", "other", "3")]).columns[0, 0] == 0.5
    assert relative_score_measure()([wild("a", "conv", "8 4")]).columns[0, 0] == 0.4
