"""What a comparison can find, before it is run: formulas against simulated comparisons."""

import numpy as np
import pytest
from bench_eval import StatisticsError, design_effect_of, detectable_difference, mcnemar_exact, questions_needed
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(("n", "changed"), [(300, 0.2), (1000, 0.1)])
def test_a_difference_of_that_size_is_found_four_times_in_five(n: int, changed: float) -> None:
    difference = detectable_difference(n, changed=changed)
    rng = np.random.default_rng(0)
    better, worse = (changed + difference) / 2, (changed - difference) / 2
    counts = rng.multinomial(n, [better, worse, 1 - changed], size=1000)
    found = np.mean([mcnemar_exact(int(lost), int(won)) < 0.05 for won, lost, _ in counts])
    assert 0.74 <= found <= 0.84  # the exact test is a little careful


@given(st.integers(50, 20_000), st.floats(0.05, 0.5), st.floats(1, 5))
@settings(max_examples=60, deadline=None)
def test_questions_needed_is_the_inverse(n: int, changed: float, effect: float) -> None:
    difference = detectable_difference(n, changed=changed, design_effect=effect)
    if difference <= changed:
        assert questions_needed(difference, changed=changed, design_effect=effect) == pytest.approx(n, abs=1.01)


def test_where_even_the_largest_difference_would_not_be_found_there_is_none() -> None:
    """All that changed is for the better, and still the test finds it less often than four times in five."""
    assert detectable_difference(40, changed=0.1) == np.inf
    wins = np.random.default_rng(0).binomial(40, 0.1, size=2000)
    assert np.mean([mcnemar_exact(0, int(won)) < 0.05 for won in wins]) < 0.5
    assert detectable_difference(400, changed=0.1) < 0.1


def test_rows_that_share_an_image_count_for_less() -> None:
    scores = [1.0, 1.0, 0.0, 0.0] * 50
    assert design_effect_of(scores, [k // 2 for k in range(200)]) == pytest.approx(2, rel=0.02)
    assert design_effect_of(scores, list(range(200))) == pytest.approx(1)
    with pytest.raises(StatisticsError, match="scores that differ"):
        design_effect_of([1.0, 1.0], ["a", "b"])


@pytest.mark.parametrize(
    "wrong", [{"n": 1}, {"n": 9, "changed": 0}, {"n": 9, "design_effect": 0}, {"n": 9, "power": 1}]
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(StatisticsError, match="n must be at least 2"):
        detectable_difference(**wrong)  # pyright: ignore[reportArgumentType]
    with pytest.raises(StatisticsError, match="difference must lie in"):
        questions_needed(0.3, changed=0.2)
