"""The interval of a pass rate."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

from trial_sampler.errors import SamplerError


class Interval(NamedTuple):
    """A confidence interval of a rate."""

    low: float
    high: float


def wilson_interval(right: int, drawn: int, level: float = 0.95) -> Interval:
    """Return the interval of a pass rate after `right` right trials of `drawn`; 0 to 1 before any trial.

    It holds the true rate in about a share `level` of all cases if the number of trials was fixed beforehand.

    Raises:
        SamplerError: not 0 <= right <= drawn, or not 0 < level < 1.

    Source: Wilson 1927, without continuity correction.

    >>> [round(end, 3) for end in wilson_interval(4, 16)]
    [0.102, 0.495]
    """
    if not 0 <= right <= drawn or not 0 < level < 1:
        rule = "wilson_interval needs 0 <= right <= drawn and 0 < level < 1"
        raise SamplerError(f"{rule}; got {right}, {drawn}, {level}")
    if drawn == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + level) / 2)
    rate, weight = right / drawn, z * z / drawn
    centre = (rate + weight / 2) / (1 + weight)
    half = math.sqrt(rate * (1 - rate) * weight + (weight / 2) ** 2) / (1 + weight)
    return Interval(0.0 if right == 0 else centre - half, 1.0 if right == drawn else centre + half)
