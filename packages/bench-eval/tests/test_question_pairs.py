"""Pairs that count when every question of theirs is right."""

import math
from itertools import permutations
from typing import Any

import pytest
from bench_eval import RowError, compare, compare_tasks, pair_rows, pass_score, score_tasks
from hypothesis import given
from hypothesis import strategies as st


def graded(row_id: str, *scores: float | None, pair: Any = None, **more: Any) -> dict[str, Any]:
    trials = [{"text": f"says {row_id}", "score": s, "verdict": None if s is None else s == 1} for s in scores]
    return {"id": row_id, "pair": row_id[0] if pair is None else pair, "trials": trials, **more}


def test_a_pair_is_right_when_both_of_its_questions_are() -> None:
    rows = [graded("a1", 1), graded("b1", 1), graded("a2", 1), graded("b2", 0), graded("c1", 0), graded("c2", 0)]
    paired = pair_rows(rows)
    assert [(row["id"], row["trials"][0]["score"], row["members"]) for row in paired.rows] == [
        ("a", 1, ["a1", "a2"]),
        ("b", 0, ["b1", "b2"]),
        ("c", 0, ["c1", "c2"]),
    ]
    assert [row["trials"][0]["verdict"] for row in paired.rows] == [True, False, False]
    assert paired.incomplete == 0
    assert score_tasks(paired.rows)[0].value == pytest.approx(1 / 3)


def test_the_lowest_score_counts_and_only_that_of_the_first_trial() -> None:
    [row] = pair_rows([graded("a1", 0.75, 0.0), graded("a2", 0.5, 1.0)]).rows
    assert [trial["score"] for trial in row["trials"]] == [0.5]
    assert row["trials"][0]["verdict"] is False


def test_pairs_with_a_missing_question_are_counted_and_rows_without_pair_stay_out() -> None:
    lone = [graded("x", 1) | {"pair": none} for none in (None, "")]
    unpaired = {"id": "y", "trials": [{"score": 1.0}]}
    paired = pair_rows([graded("a1", 1), graded("a2", 1), graded("b1", 1), *lone, unpaired])
    assert ([row["id"] for row in paired.rows], paired.incomplete) == (["a"], 1)
    assert (pair_rows([]).rows, pair_rows([]).incomplete) == ([], 0)


@pytest.mark.parametrize("scores", [(None,), (math.nan,), (7.0,), ()])
@pytest.mark.parametrize("other", [0.0, 1.0])
def test_a_question_without_a_score_leaves_its_pair_without_one(scores: tuple[Any, ...], other: float) -> None:
    [row] = pair_rows([graded("a1", *scores), graded("a2", other)]).rows
    assert (row["trials"][0]["score"], row["trials"][0]["verdict"]) == (None, None)
    assert pass_score(1)(row) is None


def test_pairs_of_two_models_are_compared_task_by_task() -> None:
    def model(right: int) -> list[dict[str, Any]]:
        names = [(f"{i}-{side}", i) for i in range(20) for side in ("left", "right")]
        return [
            graded(name, float(name.endswith("left") or i < right), pair=i, task=f"task {i % 2}") for name, i in names
        ]

    before, after = pair_rows(model(4)).rows, pair_rows(model(16)).rows
    result = compare(before, after)
    assert (result.n, result.before, result.after, result.wins, result.test) == (20, 0.2, 0.8, 12, "mcnemar-exact")
    assert [(one.task, one.n) for one in compare_tasks(before, after)] == [("task 0", 10), ("task 1", 10)]


def test_a_pair_keeps_its_cluster_whatever_the_order_of_rows() -> None:
    rows = [graded("a1", 1, cluster="one.png"), graded("a2", 1, cluster="two.png"), graded("b1", 1), graded("b2", 1)]
    seen = {tuple(sorted((row["id"], row["cluster"]) for row in pair_rows(order).rows)) for order in permutations(rows)}
    assert seen == {(("a", "one.png"), ("b", "b"))}


def test_truncated_and_empty_answers_of_pairs_are_counted() -> None:
    rows = [graded("a1", 1), graded("a2", 1), graded("b1", 0), graded("b2", 0)]
    rows[0]["trials"][0] |= {"finish_reason": "length"}
    for row in rows[2:]:
        row["trials"][0] |= {"text": " ", "finish_reason": "stop"}
    score = score_tasks(pair_rows(rows).rows)[0]
    assert (score.n, score.n_truncated, score.n_empty) == (2, 1, 1)
    assert [row["trials"][0]["finish_reason"] for row in pair_rows(rows).rows] == ["length", "stop"]
    assert pair_rows([graded("a1", 1), graded("a2", 1)]).rows[0]["trials"][0]["finish_reason"] is None


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=3, max_size=3), st.permutations(range(3)))
def test_groups_of_any_size_are_right_only_as_a_whole(scores: list[float], order: list[int]) -> None:
    rows = [graded(f"a{i}", scores[i]) for i in order]
    [row] = pair_rows(rows, size=3).rows
    assert row["trials"][0]["score"] == float(all(scores))


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            [graded("a1", 1), graded("a2", 1), graded("a3", 1)],
            r"pair 'a' must have 2 questions .*; got \['a1', 'a2', 'a3'\]",
        ),
        (
            [graded("a1", 1), graded("a1", 1)],
            r"pair 'a' must have 2 questions with ids of their own; got \['a1', 'a1'\]",
        ),
        ([graded("a1", 1, task="x"), graded("a2", 1)], r"those of 'a' belong to \['all', 'x'\]"),
    ],
)
def test_rows_that_make_no_pair_are_errors(rows: list[dict[str, Any]], text: str) -> None:
    with pytest.raises(RowError, match=text):
        pair_rows(rows)
