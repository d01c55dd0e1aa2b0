"""Statistics against numbers worked by hand, laws, and scipy where it is installed."""

import math
from itertools import combinations, product

import numpy as np
import pytest
from bench_eval import (
    StatisticsError,
    accuracy,
    bootstrap_values,
    cluster_bootstrap,
    holm,
    mcnemar_exact,
    pass_at_k,
    pass_score,
    sign_flip_test,
    wilson_interval,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

# ---- McNemar


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        (3, 10, 2 * (1 + 13 + 78 + 286) / 8192),  # C(13, 0..3) of 2**13
        (10, 3, 756 / 8192),
        (0, 5, 2 / 32),
        (0, 6, 2 / 64),
        (1, 1, 1.0),  # twice 3/4, capped
        (0, 0, 1.0),
        (4, 4, 1.0),
    ],
)
def test_mcnemar_is_twice_the_smaller_binomial_tail(b: int, c: int, p: float) -> None:
    assert mcnemar_exact(b, c) == p


def test_mcnemar_agrees_with_the_binomial_test() -> None:
    stats = pytest.importorskip("scipy.stats")
    for b, c in [(3, 10), (17, 40), (120, 90), (0, 1), (900, 1100)]:
        assert mcnemar_exact(b, c) == pytest.approx(stats.binomtest(b, b + c, 0.5).pvalue, rel=1e-9)


def test_mcnemar_bears_large_counts() -> None:
    assert mcnemar_exact(5000, 5000) == 1.0
    assert 0.04 < mcnemar_exact(4900, 5101) < 0.05


# ---- Wilson


def test_wilson_by_hand() -> None:
    # 8 of 10, z = 1.959964: centre (0.8 + 0.192073) / 1.384146, half-width 0.226567
    low, high = wilson_interval(8, 10)
    assert (round(low, 6), round(high, 6)) == (0.490162, 0.943318)
    assert wilson_interval(0, 10).low == 0.0
    assert round(wilson_interval(0, 10).high, 6) == 0.277533


def test_wilson_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for k, n in [(0, 7), (3, 16), (16, 16), (250, 400)]:
        theirs = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
        assert wilson_interval(k, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilson_holds_the_share_and_mirrors(k: int, n: int) -> None:
    k = min(k, n)
    low, high = wilson_interval(k, n)
    assert 0 <= low <= k / n <= high <= 1
    assert wilson_interval(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


# ---- accuracy with clusters


def test_independent_zero_one_scores_give_the_plain_wilson_interval() -> None:
    result = accuracy([1, 1, 1, 1, 1, 1, 1, 1, 0, 0])
    assert result.interval == wilson_interval(8, 10)
    assert result.standard_error == pytest.approx(math.sqrt(0.16 / 9))


def test_doubling_every_row_in_its_cluster_adds_nothing() -> None:
    scores = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0] * 5
    single = accuracy(scores)
    doubled = accuracy([score for score in scores for _ in range(2)], [i for i in range(40) for _ in range(2)])
    assert doubled.n_clusters == 40
    assert doubled.standard_error == pytest.approx(single.standard_error)
    assert accuracy([score for score in scores for _ in range(2)]).standard_error < 0.75 * single.standard_error
    width = single.interval.high - single.interval.low
    assert doubled.interval.high - doubled.interval.low == pytest.approx(width, rel=0.02)


def test_clustered_error_by_hand() -> None:
    # mean 0.5, residual sums of the clusters: +1, -1, 0 -> sqrt(3/2 * 2) / 6
    result = accuracy([1, 1, 0, 0, 1, 0], ["a", "a", "b", "b", "c", "c"])
    assert result.standard_error == pytest.approx(math.sqrt(3) / 6)


def test_one_cluster_or_no_spread_gives_no_false_certainty() -> None:
    assert accuracy([1, 1, 1, 0], ["a"] * 4).interval == wilson_interval(0.75, 1)
    assert math.isnan(accuracy([1, 0], ["a"] * 2).standard_error)
    assert accuracy([1, 1, 1, 1], ["a", "a", "b", "b"]).interval == wilson_interval(2, 2)
    assert accuracy([0.5, 0.5, 0.5]).interval == wilson_interval(1.5, 3)


def test_shares_get_an_interval_as_wide_as_their_spread() -> None:
    rng = np.random.default_rng(0)
    shares = rng.binomial(16, 0.5, size=400) / 16  # spread of a mean of 16: 0.125
    result = accuracy(shares.tolist())
    half = (result.interval.high - result.interval.low) / 2
    assert half == pytest.approx(1.96 * 0.125 / 20, rel=0.1)


def test_clustered_intervals_cover_as_often_as_promised() -> None:
    rng = np.random.default_rng(5)
    covered, naive = 0, 0
    for _ in range(300):
        scores = (rng.random((60, 5)) < rng.beta(1.5, 1.5, size=(60, 1))).astype(float).ravel()
        low, high = accuracy(scores.tolist(), np.repeat(np.arange(60), 5).tolist()).interval
        covered += low <= 0.5 <= high
        low, high = accuracy(scores.tolist()).interval
        naive += low <= 0.5 <= high
    assert 0.91 <= covered / 300 <= 0.985
    assert naive < covered


# ---- bootstrap


def first(means: NDArray[np.float64]) -> NDArray[np.float64]:
    return means[:, 0]


def test_bootstrap_error_agrees_with_the_clustered_formula() -> None:
    rng = np.random.default_rng(2)
    scores = (rng.random((80, 4)) < rng.random((80, 1))).astype(float).ravel()
    clusters = np.repeat(np.arange(80), 4).tolist()
    spread = bootstrap_values(scores, [first], clusters, draws=4000, seed=1).std()
    assert spread == pytest.approx(accuracy(scores.tolist(), clusters).standard_error, rel=0.06)


def test_bootstrap_draws_are_means_of_whole_clusters() -> None:
    means = bootstrap_values([0.0, 0.0, 9.0], [first], ["a", "a", "b"], draws=500, seed=3)
    assert set(np.round(means[:, 0], 6)) == {0.0, 3.0, 9.0}  # a a, a b, b b


def test_bootstrap_takes_any_formula_of_means() -> None:
    table = np.column_stack([np.tile([1.0, 0.0], 100), np.tile([1.0, 1.0, 0.0, 0.0], 50)])
    low, high = cluster_bootstrap(table, formula=lambda means: means[:, 0] / means[:, 1], draws=2000)
    assert low < 1.0 < high


def test_bootstrap_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(4).random(150)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=8000, method="percentile", rng=1).confidence_interval
    assert cluster_bootstrap(values, draws=8000) == pytest.approx((theirs.low, theirs.high), abs=0.004)


# ---- pass@k


@given(st.integers(1, 9), st.data())
def test_pass_at_k_is_the_share_of_subsets_with_a_right_one(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    k = data.draw(st.integers(1, n))
    subsets = list(combinations([True] * right + [False] * (n - right), k))
    assert pass_at_k(right, n, k) == pytest.approx(sum(map(any, subsets)) / len(subsets), abs=1e-12)


def test_pass_score_reads_verdicts() -> None:
    rows = [{"trials": [{"verdict": verdict} for verdict in verdicts]} for verdicts in ((True, False), (True, None))]
    assert pass_score(1)(rows[0]) == 0.5
    assert pass_score(2)(rows[0]) == 1.0
    assert pass_score(1)(rows[1]) is None


# ---- sign flips


@settings(max_examples=30)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=8))
def test_sign_flips_of_few_rows_count_every_pattern(differences: list[int]) -> None:
    patterns = product((1, -1), repeat=len(differences))
    sums = [abs(sum(s * d for s, d in zip(signs, differences, strict=True))) for signs in patterns]
    expected = sum(value >= abs(sum(differences)) for value in sums) / len(sums)
    assert sign_flip_test([float(d) for d in differences]) == pytest.approx(expected)


def test_drawn_sign_flips_agree_with_exact_mcnemar() -> None:
    differences = [1.0] * 25 + [-1.0] * 10 + [0.0] * 65
    assert sign_flip_test(differences, draws=20_000) == pytest.approx(mcnemar_exact(10, 25), abs=0.004)


def test_sign_flips_agree_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    differences = np.random.default_rng(9).normal(0.4, 1, size=11)
    theirs = stats.permutation_test(
        (differences,), lambda x: x.mean(), permutation_type="samples", n_resamples=math.inf
    )
    assert sign_flip_test(differences) == pytest.approx(theirs.pvalue)


def test_whole_clusters_are_flipped() -> None:
    assert sign_flip_test([1.0] * 10, ["a"] * 5 + ["b"] * 5) == 0.5  # two coins, not ten
    assert sign_flip_test([1.0, -1.0], ["a", "a"]) == 1.0


def test_sign_flip_p_values_are_level_under_no_difference() -> None:
    rng = np.random.default_rng(8)
    hits = sum(sign_flip_test(rng.normal(size=30), draws=400, seed=run) < 0.1 for run in range(300))
    assert 0.05 < hits / 300 < 0.15


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


# ---- errors


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: mcnemar_exact(-1, 2), r"must not be below 0; got b=-1, c=2"),
        (lambda: wilson_interval(3, 2), r"needs 0 <= successes <= n.*got 3, 2, 0.95"),
        (lambda: accuracy([]), r"at least one number; got shape \(0,\)"),
        (lambda: accuracy([0.5, math.nan]), r"must lie in 0 to 1; got nan at position 1 \(1 such\)"),
        (lambda: accuracy([0.5], ["a", "b"]), r"one cluster per score; got 2 for 1"),
        (lambda: bootstrap_values([math.nan], [first]), r"finite numbers of shape"),
        (lambda: cluster_bootstrap([1.0], draws=0), r"draws must be at least 1"),
        (lambda: pass_at_k(2, 4, 5), r"got right=2, n=4, k=5"),
        (lambda: sign_flip_test([math.inf]), r"finite differences"),
        (lambda: holm([1.2]), r"must lie in 0 to 1; got \[1.2\]"),
    ],
)
def test_errors_say_what_is_wrong(call, text: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StatisticsError, match=text):
        call()
