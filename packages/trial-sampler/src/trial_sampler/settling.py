"""When enough trials are drawn: rules over the tally of a request.

A rule is any pure function of a `Tally`. The exact ones settle a decision only once no further trial can change it; the
others (`clear_of`, `none_right_of`) guess, and `replay` measures how often they guess wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trial_sampler.errors import SamplerError
from trial_sampler.wilson import wilson_interval


@dataclass(frozen=True)
class Tally:
    """How far a request has come.

    Raises:
        SamplerError: not 0 <= right <= drawn <= most.
    """

    right: int
    """Accepted trials among those drawn."""
    drawn: int
    """Trials drawn so far."""
    most: int
    """Trials of the full draw."""

    def __post_init__(self) -> None:
        if not 0 <= self.right <= self.drawn <= self.most:
            raise SamplerError(
                f"a tally needs 0 <= right <= drawn <= most; got {self.right}, {self.drawn}, {self.most}"
            )

    @property
    def left(self) -> int:
        """Trials that may still be drawn."""
        return self.most - self.drawn


Rule = Callable[[Tally], bool]
"""Whether a request needs no further trial; the same answer for the same tally."""


def more_than(k: int) -> Rule:
    """Settle whether more than `k` trials of the full draw are right; exact.

    >>> [more_than(4)(Tally(right, 14, 16)) for right in (2, 3, 4, 5)]
    [True, False, False, True]

    Raises:
        SamplerError: k is below 0.
    """
    _require(k >= 0, "more_than needs k >= 0", k)
    return lambda tally: tally.right > k or tally.right + tally.left <= k


def within(low: int, high: int) -> Rule:
    """Settle whether `low` to `high` trials of the full draw are right, and draw all trials if so; exact.

    For methods that use every right trial of the requests in between, as CVC does from 1 to 4 of 16: only a request
    that is certain to end outside is left early.

    >>> [within(1, 4)(Tally(right, 15, 16)) for right in (0, 1, 4, 5)]
    [False, False, False, True]

    Raises:
        SamplerError: not 0 <= low <= high.
    """
    _require(0 <= low <= high, "within needs 0 <= low <= high", (low, high))
    return lambda tally: tally.right > high or tally.right + tally.left < low


def one_accepted() -> Rule:
    """Settle whether any trial of the full draw is right, and which is the first; exact.

    For rejection sampling that takes the first accepted trial; to take the best of the accepted ones needs all trials.

    >>> [one_accepted()(Tally(right, 4, 16)) for right in (0, 1)]
    [False, True]
    """
    return lambda tally: tally.right > 0


def clear_of(threshold: float, *, level: float = 0.95) -> Rule:
    """Settle once the Wilson interval lies wholly above or below a pass rate; not exact.

    The rule looks after every group, and each look is another chance to be misled, so that it is wrong more often than
    1 - level: measure it with `replay`.

    >>> [clear_of(0.5)(Tally(right, 8, 16)) for right in (0, 4, 8)]
    [True, False, True]

    Raises:
        SamplerError: not 0 < threshold < 1, or not 0 < level < 1.
    """
    _require(0 < threshold < 1, "clear_of needs 0 < threshold < 1", threshold)
    _require(0 < level < 1, "clear_of needs 0 < level < 1", level)

    def settled(tally: Tally) -> bool:
        low, high = wilson_interval(tally.right, tally.drawn, level)
        return low > threshold or high < threshold

    return settled


def none_right_of(first: int) -> Rule:
    """Give a request up once its first `first` trials, or more, are all wrong; not exact.

    A request with pass rate p is given up with probability (1 - p) ** first at the first look: for 8 trials 0.60 at
    1 of 16, 0.10 at 4 of 16.

    >>> [none_right_of(8)(tally) for tally in (Tally(0, 7, 16), Tally(0, 8, 16), Tally(1, 8, 16))]
    [False, True, False]

    Raises:
        SamplerError: first is below 1.
    """
    _require(first >= 1, "none_right_of needs first >= 1", first)
    return lambda tally: tally.right == 0 and tally.drawn >= first


def either(*rules: Rule) -> Rule:
    """Settle once any of the rules does.

    >>> [either(within(1, 4), none_right_of(8))(Tally(right, 8, 16)) for right in (0, 4, 5)]
    [True, False, True]

    Raises:
        SamplerError: no rule is given.
    """
    _require(bool(rules), "either needs at least one rule", rules)
    return lambda tally: any(rule(tally) for rule in rules)


def trials_until_look(tally: Tally, settled: Rule, group: int) -> int:
    """Return how many trials to draw before the rule is asked again: whole groups, or all that are left.

    Groups after which no outcome could settle are drawn together: the rule stops at the same trial, with fewer rounds.

    >>> [trials_until_look(tally, within(1, 4), 4) for tally in (Tally(0, 0, 16), Tally(1, 8, 16), Tally(0, 12, 16))]
    [8, 4, 4]
    """
    drawn = min(tally.drawn + group, tally.most)
    while drawn < tally.most and not _may_settle(tally, settled, drawn):
        drawn = min(drawn + group, tally.most)
    return drawn - tally.drawn


def _may_settle(tally: Tally, settled: Rule, drawn: int) -> bool:
    most_right = tally.right + drawn - tally.drawn
    return any(settled(Tally(right, drawn, tally.most)) for right in range(tally.right, most_right + 1))


def _require(holds: bool, rule: str, got: object) -> None:
    if not holds:
        raise SamplerError(f"{rule}; got {got!r}")
