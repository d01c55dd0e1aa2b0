"""Means of means, and questions asked in every rotation, against numbers worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench_eval import RowError
from bench_eval.measures import score_metrics
from bench_eval.measures.circular_measure import circular_measure
from bench_eval.measures.grounding_measure import measure_grounding
from bench_eval.measures.macro_measure import macro_measure
from bench_eval.measures.naming_measure import naming_measure
from bench_eval.measures.pope_measure import pope_measure


def _row(row_id: str, *scores: float | None, **fields: Any) -> dict[str, Any]:
    return {"id": row_id, **fields, "trials": [{"score": score} for score in scores]}


MACRO = [
    _row("1", 1.0, coarse="x", fine="p"),
    _row("2", 0.0, coarse="x", fine="p"),
    _row("3", 0.0, coarse="x", fine="p"),
    _row("4", 0.0, coarse="x", fine="p"),
    _row("5", 1.0, coarse="x", fine="q"),
    _row("6", 0.0, coarse="y", fine="r"),
]


def test_the_macro_mean_counts_each_kind_once() -> None:
    measured = macro_measure("average", over="fine", within="coarse")(MACRO)
    values = dict(zip((metric.name for metric in measured.metrics), measured.values(), strict=True))
    # p 1/4, q 1, r 0: (1/4 + 1 + 0) / 3, where all rows alike would give 2/6
    assert values == pytest.approx(
        {"average": 1.25 / 3, "coarse=x": 0.625, "coarse=y": 0.0, "fine=p": 0.25, "fine=q": 1.0, "fine=r": 0.0}
    )


def test_each_macro_figure_counts_the_rows_that_it_is_about() -> None:
    measured = macro_measure("average", over="fine", within="coarse")(MACRO)
    counts = {score.metric: score.n for score in score_metrics(measured, draws=50)}
    assert counts == {"average": 6, "coarse=x": 5, "coarse=y": 1, "fine=p": 4, "fine=q": 1, "fine=r": 1}


def test_no_measure_takes_a_row_twice() -> None:
    twice = [{"id": "a", "split": "s", "answer": "yes", "category": "c", "box_xyxy_px": [0, 0, 1, 1],
              "trials": [{"score": 1.0, "answer": "", "reason": ""}]}] * 2  # fmt: skip
    for measure in (macro_measure(over="category"), naming_measure(), pope_measure(), measure_grounding):
        with pytest.raises(RowError, match="ids must be unique within a task; 'a' occurs twice"):
            measure(twice)


def test_a_draw_without_a_kind_averages_the_others_and_one_without_any_is_nan() -> None:
    measured = macro_measure(over="fine")(MACRO)
    average = measured.metrics[0].formula
    only_p_and_r = measured.columns[[0, 1, 5]].mean(axis=0, keepdims=True)
    assert average(only_p_and_r).tolist() == [0.25]
    assert np.isnan(average(np.zeros((1, measured.columns.shape[1]))))[0]


def test_rows_without_a_score_are_left_out_but_keep_their_kind() -> None:
    measured = macro_measure(over="fine")([*MACRO, _row("7", None, fine="s")])
    assert (measured.left_out, len(measured.ids)) == (1, 6)
    assert [metric.name for metric in measured.metrics][-1] == "fine=s"
    assert np.isnan(measured.values()[-1])
    with pytest.raises(RowError, match="none of 1 rows has a score"):
        macro_measure(over="fine")([_row("7", None, fine="s")])


def _question(base: str, *scores: float | None, n: int | None = None, category: str = "c") -> list[dict[str, Any]]:
    return [
        _row(f"{base}-{k}", score, base=base, rotation=k, n_rotations=n or len(scores), category=category, cluster=base)
        for k, score in enumerate(scores)
    ]


def test_a_question_counts_only_where_every_rotation_is_right() -> None:
    rows = [
        *_question("1", 1.0, 1.0, 1.0),
        *_question("2", 1.0, 1.0, 0.0),
        *_question("3", 0.0, 1.0, category="d"),
        *_question("4", 1.0, 1.0, category="d"),
    ]
    measured = circular_measure(by=["category"])(rows[::-1])
    values = dict(zip((metric.name for metric in measured.metrics), measured.values(), strict=True))
    assert values == {"circular accuracy": 0.5, "vanilla accuracy": 0.75, "category=c": 0.5, "category=d": 0.5}
    assert sorted(measured.ids) == sorted(measured.clusters) == ["1", "2", "3", "4"]
    assert measured.left_out == 0


def test_questions_with_a_missing_rotation_or_score_are_left_out() -> None:
    whole, torn, unscored = _question("1", 1.0, 0.0), _question("2", 1.0, n=4), _question("3", 1.0, None)
    measured = circular_measure()([*whole, *torn, *unscored])
    assert (measured.ids, measured.left_out, measured.values()) == (["1"], 3, [0.0, 1.0])
    with pytest.raises(RowError, match="none of the questions of 1 rows has all its rotations with a score"):
        circular_measure()(torn)


def test_of_several_trials_those_count_in_which_all_rotations_are_right() -> None:
    rows = [
        _row("a", 1.0, 1.0, 0.0, 1.0, base="1", rotation=0, n_rotations=2),
        _row("b", 1.0, 0.0, 1.0, 1.0, base="1", rotation=1, n_rotations=2),
    ]
    assert circular_measure()(rows).values() == [0.5, 0.75]


def test_a_rotation_that_occurs_twice_and_unequal_trials_are_errors() -> None:
    twice = [_row(key, 1.0, base="1", rotation=0, n_rotations=2) for key in "ab"]
    with pytest.raises(RowError, match=r"each rotation of question 1 must occur once; got \[0, 0\]"):
        circular_measure()(twice)
    unequal = [
        _row("a", 1.0, base="1", rotation=0, n_rotations=2),
        _row("b", 1.0, 1.0, base="1", rotation=1, n_rotations=2),
    ]
    with pytest.raises(RowError, match=r"rows of one question need equally many trials; 1 has \[1, 2\]"):
        circular_measure()(unequal)
