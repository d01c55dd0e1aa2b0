"""What a stopping rule would have cost and saved, on full draws that are already paid for or simulated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from trial_sampler.errors import SamplerError
from trial_sampler.settling import Rule, Tally, trials_until_look
from trial_sampler.wilson import Interval, wilson_interval

Verdicts = Sequence[bool]
"""Of one request's trials, in order."""

Decide = Callable[[Verdicts], object]
"""What a method makes of a request's verdicts: any value that compares with `==`."""


@dataclass(frozen=True)
class Replay:
    """A rule measured on full draws."""

    requests: int
    """Full draws."""
    full: int
    """Trials of all of them."""
    drawn: int
    """Trials that the rule would have drawn."""
    changed: int
    """Requests about which the decision differs from that of the full draw."""

    @property
    def saved_share(self) -> float:
        """Share of the trials that the rule saves."""
        return 1 - self.drawn / self.full

    @property
    def changed_share(self) -> float:
        """Share of the requests whose decision changes."""
        return self.changed / self.requests

    @property
    def changed_interval(self) -> Interval:
        """The 95 % Wilson interval of the share of changed decisions."""
        return wilson_interval(self.changed, self.requests)


def replay(full_draws: Sequence[Verdicts], settled: Rule, decide: Decide, *, group: int = 4) -> Replay:
    """Measure a rule on the verdicts of full draws: how many trials it saves, how many decisions it changes.

    Exact, without sampling anew, since a stopped draw is the beginning of the full one.

    Raises:
        SamplerError: there is no draw, one is empty, or group is below 1.

    >>> draws = [[False] * 16, [True] * 16, [False] * 9 + [True] + [False] * 6]
    >>> from trial_sampler import either, none_right_of, within
    >>> def trained_on(verdicts):  # the right trials, where they are 1 to 4
    ...     right = [k for k, verdict in enumerate(verdicts) if verdict]
    ...     return right if 1 <= len(right) <= 4 else []
    >>> exact = replay(draws, within(1, 4), trained_on)
    >>> exact.drawn, exact.changed
    (40, 0)
    >>> eager = replay(draws, either(within(1, 4), none_right_of(8)), trained_on)
    >>> eager.drawn, eager.changed
    (24, 1)
    """
    if not full_draws or not all(len(verdicts) for verdicts in full_draws) or group < 1:
        sizes = sorted({len(verdicts) for verdicts in full_draws})
        raise SamplerError(f"replay needs draws of at least one trial and group >= 1; got sizes {sizes}, group {group}")
    stops = [_stop(verdicts, settled, group) for verdicts in full_draws]
    pairs = zip(full_draws, stops, strict=True)
    return Replay(
        requests=len(full_draws),
        full=sum(map(len, full_draws)),
        drawn=sum(stops),
        changed=sum(decide(verdicts[:stop]) != decide(verdicts) for verdicts, stop in pairs),
    )


def _stop(verdicts: Verdicts, settled: Rule, group: int) -> int:
    """After how many trials the draw ends."""
    tally = Tally(0, 0, len(verdicts))
    while tally.left:
        drawn = tally.drawn + trials_until_look(tally, settled, group)
        tally = Tally(sum(map(bool, verdicts[:drawn])), drawn, tally.most)
        if settled(tally):
            break
    return tally.drawn


def simulate_verdicts(
    requests: int, n: int = 16, *, alpha: float = 1.0, beta: float = 1.0, seed: int = 0
) -> list[list[bool]]:
    """Simulate full draws of requests whose pass rates follow a beta distribution, to plan a rule before any draw.

    `alpha = beta = 1` is any difficulty alike; 0.3 and 0.6 mostly too hard, some too easy.

    Raises:
        SamplerError: requests or n below 1, or alpha or beta not above 0.

    >>> draws = simulate_verdicts(1000, alpha=1, beta=3)
    >>> 0.2 < sum(map(sum, draws)) / 16_000 < 0.3  # mean alpha / (alpha + beta)
    True
    """
    if requests < 1 or n < 1 or not (alpha > 0 and beta > 0):
        rule = "simulate_verdicts needs requests >= 1, n >= 1, alpha > 0, beta > 0"
        raise SamplerError(f"{rule}; got {requests}, {n}, {alpha}, {beta}")
    rng = np.random.default_rng(seed)
    rates_R = rng.beta(alpha, beta, size=requests)
    right_R_N = rng.random((requests, n)) < rates_R[:, None]
    return [list(map(bool, row)) for row in right_R_N]
