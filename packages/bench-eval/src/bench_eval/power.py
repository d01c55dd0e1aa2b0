"""How small a difference a comparison can find, before it is run."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

from bench_eval.errors import StatisticsError
from bench_eval.intervals import accuracy


def detectable_difference(
    n: int, *, changed: float = 0.2, design_effect: float = 1.0, power: float = 0.8, level: float = 0.05
) -> float:
    """Smallest true difference of two models on the same n questions that a two-sided test finds with chance `power`.

    Infinity where n is so small that not even a difference as large as `changed` would be found.

    With a share `changed` of the questions answered rightly by one model alone, the difference of one question has the
    variance changed - difference**2; the equation is solved for the difference.

    Args:
        n: questions.
        changed: share of the questions on which only one of the two is right; 0.1 to 0.3 is usual between a model
            and the same model trained further.
        design_effect: how many times the variance grows because questions share images; see `design_effect_of`.
        power: chance of finding it.
        level: of the test.

    Source: normal approximation of McNemar's test; Connor 1987, *Biometrics* 43, equation 3, with one common variance.

    Raises:
        StatisticsError: a number is out of range.

    >>> round(detectable_difference(300), 3), round(detectable_difference(2638), 3)
    (0.071, 0.024)
    """
    if n < 2 or not 0 < changed <= 1 or not design_effect > 0 or not 0 < power < 1 or not 0 < level < 1:
        given = f"n={n}, changed={changed}, design_effect={design_effect}, power={power}, level={level}"
        raise StatisticsError(f"n must be at least 2, design_effect above 0, shares in (0, 1]; got {given}.")
    z = NormalDist().inv_cdf(1 - level / 2) + NormalDist().inv_cdf(power)
    k = z * z * design_effect / n
    found = math.sqrt(k * changed / (1 + k))
    return found if found <= changed else math.inf


def questions_needed(
    difference: float, *, changed: float = 0.2, design_effect: float = 1.0, power: float = 0.8, level: float = 0.05
) -> int:
    """Questions that a comparison needs to find a true difference with chance `power`; the inverse of the above.

    Raises:
        StatisticsError: a number is out of range, or the difference is larger than the share of changed answers.

    >>> questions_needed(0.05), questions_needed(0.01)
    (621, 15690)
    """
    if not 0 < difference <= changed <= 1 or not design_effect > 0 or not 0 < power < 1 or not 0 < level < 1:
        raise StatisticsError(f"difference must lie in (0, changed]; got {difference} with changed={changed}.")
    z = NormalDist().inv_cdf(1 - level / 2) + NormalDist().inv_cdf(power)
    return max(2, math.ceil(z * z * design_effect * (changed - difference**2) / difference**2))


def design_effect_of(scores: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """How many times larger the variance of the mean is than if the rows were independent.

    Raises:
        StatisticsError: when there are no scores, one is not a number from 0 to 1, or all are equal.

    >>> round(design_effect_of([0, 0, 1, 1], ["a", "a", "b", "b"]), 6)
    3.0
    """
    clustered = accuracy(scores, clusters)
    alone = accuracy(scores)
    if not alone.standard_error > 0 or not math.isfinite(clustered.standard_error):
        raise StatisticsError("a design effect needs scores that differ, in at least two clusters.")
    return (clustered.standard_error / alone.standard_error) ** 2
