"""Figures that are formulas of means: one bootstrap, one test, agreeing with plain references."""

import math
from typing import Any

import numpy as np
import pytest
from bench_eval import StatisticsError, bootstrap_values, cluster_bootstrap, percentiles, sign_flip_test, swap_test
from bench_eval.measures import (
    Measured,
    Metric,
    compare_metrics,
    mean_measure,
    ratio,
    score_metrics,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def graded(scores: list[float], **fields: list[Any]) -> list[dict[str, Any]]:
    return [
        {"id": str(k), "trials": [{"score": score}], **{name: values[k] for name, values in fields.items()}}
        for k, score in enumerate(scores)
    ]


def resampled(columns: np.ndarray, clusters: list[str], draws: int) -> np.ndarray:
    """The plain way: draw names of clusters, stack their rows, average."""
    rng = np.random.default_rng(5)
    names = sorted(set(clusters))
    rows = {name: columns[[k for k, own in enumerate(clusters) if own == name]] for name in names}
    return np.array(
        [
            np.vstack([rows[names[k]] for k in rng.integers(len(names), size=len(names))]).mean(axis=0)
            for _ in range(draws)
        ]
    )


@pytest.mark.parametrize("kinds", [2, 40])
def test_drawing_kinds_of_clusters_is_drawing_clusters(kinds: int) -> None:
    rng = np.random.default_rng(1)
    clusters = [str(k // 2) for k in range(160)]
    columns = rng.integers(kinds, size=(160, 2)) / (kinds - 1)  # few kinds are drawn by number, many one by one
    plain = resampled(columns, clusters, 4000)
    ours = bootstrap_values(columns, [lambda m: m[:, 0], lambda m: m[:, 0] / m[:, 1]], clusters, draws=40_000)
    wanted = np.stack([plain[:, 0], plain[:, 0] / plain[:, 1]], axis=1)
    assert ours.mean(axis=0) == pytest.approx(wanted.mean(axis=0), rel=0.01)
    assert ours.std(axis=0) == pytest.approx(wanted.std(axis=0), rel=0.06)


def test_draws_do_not_depend_on_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = np.arange(50.0)
    drawn: list[np.ndarray] = []
    for cores in (1, 4):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        monkeypatch.setattr("bench_eval.bootstrap._CELLS", 1000)
        drawn.append(bootstrap_values(columns, [lambda m: m[:, 0]], draws=500))
    assert np.array_equal(*drawn)


def test_clusters_of_unequal_size_weigh_by_their_rows() -> None:
    columns, clusters = [1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"]
    values = set(np.round(bootstrap_values(columns, [lambda m: m[:, 0]], clusters, draws=200)[:, 0], 6))
    assert values == {0.0, 0.75, 1.0}


def test_draws_without_a_value_are_left_out_of_the_interval() -> None:
    assert percentiles(np.array([math.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert all(math.isnan(end) for end in percentiles(np.array([math.nan])))
    with pytest.raises(StatisticsError, match="level must lie in"):
        percentiles(np.zeros(3), 1.0)
    with pytest.raises(StatisticsError, match="draws must be at least 1"):
        cluster_bootstrap([1.0], draws=0)


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=1, max_size=12), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_swapping_models_is_flipping_signs_where_the_figure_is_a_mean(gains: list[float], size: int) -> None:
    clusters = [k // size for k in range(len(gains))]
    after = np.array(gains)[:, None]
    ours = swap_test(np.zeros_like(after), after, [lambda means: means[:, 0]], clusters)
    assert ours == [pytest.approx(sign_flip_test(gains, clusters))]


def test_many_clusters_are_drawn_and_come_close_to_the_exact_test() -> None:
    gains = [1.0] * 13 + [-1.0] * 5
    after = np.array(gains)[:, None]
    exact = 2 * sum(math.comb(18, k) for k in range(6)) / 2**18
    assert swap_test(np.zeros_like(after), after, [lambda m: m[:, 0]], draws=40_000) == [pytest.approx(exact, rel=0.05)]


def test_models_that_do_not_differ_have_no_p_below_1() -> None:
    same = np.ones((5, 2))
    assert swap_test(same, same, [lambda m: m[:, 0], lambda m: m[:, 1]]) == [1.0, 1.0]
    with pytest.raises(StatisticsError, match="one shape"):
        swap_test(same, np.ones((4, 2)), [])


def test_the_swap_test_keeps_its_level_for_a_ratio() -> None:
    rng = np.random.default_rng(3)
    p_values: list[float] = []
    for seed in range(200):
        weight = rng.uniform(0.5, 1.5, size=(40, 1))
        before, after = (np.hstack([weight * (rng.random((40, 1)) < 0.6), weight]) for _ in range(2))
        p_values += swap_test(before, after, [ratio(0, 1)], draws=400, seed=seed)
    assert 0.01 <= np.mean(np.array(p_values) < 0.05) <= 0.09


def test_scores_of_a_model_have_errors_and_intervals_by_cluster() -> None:
    alone = score_metrics(mean_measure()(graded([1.0, 0.0] * 50)))[0]
    assert (alone.value, alone.n, alone.n_clusters) == (0.5, 100, 100)
    assert alone.standard_error == pytest.approx(0.05, rel=0.05)
    shared = score_metrics(mean_measure()(graded([1.0, 1.0, 0.0, 0.0] * 25, cluster=[k // 2 for k in range(100)])))[0]
    assert shared.standard_error == pytest.approx(0.05 * math.sqrt(2), rel=0.05)
    assert math.isnan(score_metrics(mean_measure()(graded([1.0, 0.0], cluster=["a", "a"])))[0].standard_error)


def test_kinds_become_figures_and_rows_without_a_score_are_left_out() -> None:
    rows = graded([1.0, 0.0, 1.0], kind=["b", "b", "a"])
    rows.append({"id": "3", "kind": "a", "trials": [{"score": None}]})
    measured = mean_measure(by=["kind"])(rows)
    assert [metric.name for metric in measured.metrics] == ["accuracy", "kind=a", "kind=b"]
    assert measured.values() == [pytest.approx(2 / 3), 1.0, 0.5]
    assert measured.left_out == 1


def test_a_composite_is_compared_as_a_whole() -> None:
    """Sum of two parts' accuracies: the difference, its interval and its p belong to the sum."""

    def measure(rows: Any) -> Measured:
        columns = np.array([[t := row["trials"][0]["score"], t * (row["part"] == 0), row["part"] == 0,
                             t * (row["part"] == 1), row["part"] == 1] for row in rows], dtype=float)  # fmt: skip
        both = Metric(name="sum", formula=lambda m: ratio(1, 2)(m) + ratio(3, 4)(m), top=2)
        ids = [str(row["id"]) for row in rows]
        return Measured(ids=ids, clusters=ids, columns=columns, metrics=(both,))

    parts = [k % 2 for k in range(60)]
    before = graded([float(k % 3 == 0) for k in range(60)], part=parts)
    after = graded([float(k % 3 != 1) for k in range(60)], part=parts)
    result = compare_metrics(before, after, measure)[0]
    assert (result.before, result.after, result.difference) == (
        pytest.approx(2 / 3),
        pytest.approx(4 / 3),
        pytest.approx(2 / 3),
    )
    assert result.interval.low < 2 / 3 < result.interval.high
    assert (result.test, result.wins, result.losses) == ("swap", 20, 0)
    assert result.p < 0.001
    assert result.top == 2


def test_rows_are_compared_in_any_order_and_left_out_rows_are_counted() -> None:
    before = graded([1.0, 0.0, 1.0, 0.0])
    after = list(reversed(graded([1.0, 1.0, 1.0, 0.0])))
    after[0]["trials"][0]["score"] = None
    result = compare_metrics(before, after, mean_measure())[0]
    assert (result.n, result.before, result.after, result.left_out) == (3, pytest.approx(2 / 3), 1.0, 1)


def test_a_figure_of_some_units_counts_those_alone() -> None:
    before = graded([1.0, 0.0, 1.0, 0.0], kind=["a", "a", "b", "b"], cluster=["x", "x", "y", "z"])
    after = graded([1.0, 1.0, 0.0, 0.0], kind=["a", "a", "b", "b"], cluster=["x", "x", "y", "z"])
    scores = {score.metric: score for score in score_metrics(mean_measure(by=["kind"])(before))}
    assert [(scores[name].n, scores[name].n_clusters) for name in ("accuracy", "kind=a", "kind=b")] == [
        (4, 3),
        (2, 1),
        (2, 2),
    ]
    assert math.isnan(scores["kind=a"].standard_error)
    changes = {one.metric: one for one in compare_metrics(before, after, mean_measure(by=["kind"]))}
    assert [(one.n, one.wins, one.losses) for one in changes.values()] == [(4, 1, 1), (2, 1, 0), (2, 0, 1)]


def halves_measure(rows: Any) -> Measured:
    """Mean of two halves that weigh the same, NaN where one is absent."""
    columns = np.array([[t := row["trials"][0]["score"], t * (row["part"] == 0), row["part"] == 0,
                         t * (row["part"] == 1), row["part"] == 1] for row in rows], dtype=float)  # fmt: skip
    both = Metric(name="halves", formula=lambda m: (ratio(1, 2)(m) + ratio(3, 4)(m)) / 2)
    ids = [str(row["id"]) for row in rows]
    return Measured(ids=ids, clusters=ids, columns=columns, metrics=(both, Metric(name="half 0", formula=ratio(1, 2))))


def test_a_composite_that_happens_to_equal_the_mean_is_not_tested_as_a_mean() -> None:
    parts = [0, 0, 1, 1, 1, 1]
    before, after = graded([1.0, 0.0, 1.0, 1.0, 0.0, 0.0], part=parts), graded([1.0] * 6, part=parts)
    result = compare_metrics(before, after, halves_measure)[0]
    assert (result.before, result.after, result.test) == (0.5, 1.0, "swap")
    assert compare_metrics(before, after, mean_measure())[0].test == "mcnemar-exact"


def test_a_headline_without_a_value_has_no_p() -> None:
    parts = [0, 0, 0]
    absent, half = compare_metrics(graded([0.0] * 3, part=parts), graded([1.0] * 3, part=parts), halves_measure)
    assert all(math.isnan(number) for number in (absent.before, absent.difference, absent.p, *absent.interval))
    assert half.p == 0.25


def test_a_single_cluster_has_no_interval_and_a_perfect_score_one_of_width() -> None:
    alone = score_metrics(mean_measure()(graded([1.0, 0.0], cluster=["a", "a"])))[0]
    assert all(math.isnan(end) for end in alone.interval)
    changed = compare_metrics(
        graded([1.0, 0.0], cluster=["a", "a"]), graded([1.0, 1.0], cluster=["a", "a"]), mean_measure()
    )[0]
    assert all(math.isnan(number) for number in (*changed.interval, *changed.before_interval, changed.standard_error))
    perfect = score_metrics(mean_measure()(graded([1.0] * 8)))[0]
    assert perfect.interval == (pytest.approx(8 / (8 + 1.959964**2)), 1.0)
    shared = score_metrics(mean_measure()(graded([1.0] * 8, cluster=[k // 4 for k in range(8)])))[0]
    assert shared.interval.low == pytest.approx(2 / (2 + 1.959964**2))


def test_units_that_moved_are_told_for_averages_and_not_for_other_formulas() -> None:
    """Right answers and answers that name nothing: the latter went up, which its own line must say."""

    def measure(rows: Any) -> Measured:
        columns = np.array([[t := row["trials"][0]["score"], 1 - t, 1.0] for row in rows])
        metrics = (
            Metric(name="right", formula=lambda m: m[:, 0]),
            Metric(name="nothing named", formula=ratio(1, 2)),
            Metric(name="both", formula=lambda m: m[:, 0] * m[:, 1]),
        )
        ids = [str(row["id"]) for row in rows]
        return Measured(ids=ids, clusters=ids, columns=columns, metrics=metrics)

    lines = compare_metrics(graded([1.0, 1.0, 1.0, 0.0]), graded([1.0, 0.0, 0.0, 1.0]), measure)
    assert [(line.wins, line.losses) for line in lines] == [(1, 2), (2, 1), (None, None)]
