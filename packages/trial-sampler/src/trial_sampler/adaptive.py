"""Draw trials in groups, and stop as soon as the decision that they serve is settled."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from trial_sampler.errors import InvalidRequest, SampleFailure, SamplerError
from trial_sampler.keeping import KeepsPrompts, keep_prompts
from trial_sampler.request import Request, SampleResult, Trial
from trial_sampler.sampler import Sampler
from trial_sampler.settling import Rule, Tally, trials_until_look
from trial_sampler.wilson import Interval, wilson_interval

Accept = Callable[[Sequence[tuple[str, Trial]]], Sequence[bool]]
"""Judges new trials, each with its request's id: one verdict for each, in order; every trial is judged once."""

SettledBy = Literal["rule", "all drawn"]


@dataclass(frozen=True)
class AdaptiveResult:
    """The trials of a request that were needed, or why there are none.

    Under a rule, `pass_rate` is biased: one that stops on right trials stops lucky draws early and overrates them, one
    that stops on wrong trials underrates. `pass_interval` is the interval for a number of trials fixed beforehand, so
    it too misses the true rate more often than it says. To look only at draws that went to their end does not mend
    this, since the same trials decide which those are. To compare models or to estimate rates, take full draws.

    >>> result = AdaptiveResult("scene-17", most=16)
    >>> result.pass_rate is None, result.pass_interval
    (True, Interval(low=0.0, high=1.0))
    """

    id: str
    """The request's id."""
    trials: tuple[Trial, ...] = ()
    """The first trials of the full draw, in order; empty if `error` is set."""
    verdicts: tuple[bool, ...] = ()
    """For each of them, whether the judge accepted it."""
    most: int = 0
    """Trials of the full draw: the request's n."""
    settled_by: SettledBy | None = None
    """`rule`: stopped early; `all drawn`: the rule never stopped it; None if `error` is set."""
    error: SampleFailure | None = None
    """None if all went well."""

    @property
    def right(self) -> int:
        """Accepted trials."""
        return sum(self.verdicts)

    @property
    def drawn(self) -> int:
        """Trials drawn."""
        return len(self.trials)

    @property
    def saved(self) -> int:
        """Trials of the full draw that were not needed; 0 if `error` is set."""
        return 0 if self.error else self.most - self.drawn

    @property
    def pass_rate(self) -> float | None:
        """Share of accepted trials among those drawn; None without trials."""
        return self.right / self.drawn if self.drawn else None

    @property
    def pass_interval(self) -> Interval:
        """The 95 % Wilson interval of the pass rate; `wilson_interval(right, drawn, level)` gives others."""
        return wilson_interval(self.right, self.drawn)


def sample_adaptively(
    sampler: Sampler, requests: Sequence[Request], accept: Accept, settled: Rule, *, group: int = 4
) -> list[AdaptiveResult]:
    """Draw each request's trials in groups until the rule is settled, at most its n; one result for each, in order.

    All open requests go on together: one call of the sampler and one of the judge a round. The trials are the first
    ones of the full draw, so that an exact rule (`more_than`, `within`, `one_accepted`) decides as the full draw would.
    A request that fails in any round fails alone; trials that were never drawn cannot fail it. With a sampler that can
    keep prompts (`hf`), as many requests are open at a time as it keeps, so that each prompt is encoded once; new ones
    take the place of those that leave.

    Args:
        sampler: any backend.
        requests: with ids of their own, by which the judge knows them.
        accept: the judge.
        settled: the rule; a pure function of the tally.
        group: trials between two looks at the rule.

    Raises:
        InvalidRequest: two requests share an id.
        SamplerError: group is below 1, or the judge returns another number of verdicts than it was given trials.

    >>> from trial_sampler import Request, Trial, more_than
    >>> class Fair:  # answers heads and tails in turn
    ...     def sample(self, requests):
    ...         return [SampleResult(one.id, tuple(map(self.trial, range(one.first_trial, one.first_trial + one.n))))
    ...                 for one in requests]
    ...     def trial(self, index):
    ...         return Trial("heads" if index % 2 else "tails", "stop", 1, -0.7, index)
    >>> toss = Request(id="coin", messages=[{"role": "user", "content": "Toss."}], n=16)
    >>> heads = lambda asked: [trial.text == "heads" for _, trial in asked]
    >>> [result] = sample_adaptively(Fair(), [toss], heads, more_than(3))
    >>> result.right, result.drawn, result.saved, result.settled_by
    (4, 8, 8, 'rule')
    """
    _check(requests, group)
    draws = [_Draw(request) for request in requests]
    waiting, under_way = deque(draws), list[_Draw]()
    most_open = sampler.batch_size if isinstance(sampler, KeepsPrompts) else len(draws)
    with keep_prompts(sampler):
        while waiting or under_way:
            # Newcomers last: the prompts of the others are then in use before a new one could push them out.
            under_way += [waiting.popleft() for _ in range(min(most_open - len(under_way), len(waiting)))]
            results = sampler.sample([draw.next_request(settled, group) for draw in under_way])
            _judge([draw for draw, result in zip(under_way, results, strict=True) if draw.takes(result)], accept)
            under_way = [draw for draw in under_way if draw.is_open(settled)]
    return [draw.result() for draw in draws]


@dataclass
class _Draw:
    """One request under way."""

    request: Request
    trials: list[Trial] = field(default_factory=list[Trial])
    verdicts: list[bool] = field(default_factory=list[bool])
    error: SampleFailure | None = None

    @property
    def tally(self) -> Tally:
        return Tally(sum(self.verdicts), len(self.verdicts), self.request.n)

    def is_open(self, settled: Rule) -> bool:
        return self.error is None and self.tally.left > 0 and not settled(self.tally)

    def next_request(self, settled: Rule, group: int) -> Request:
        wanted = trials_until_look(self.tally, settled, group)
        return replace(self.request, n=wanted, first_trial=self.request.first_trial + len(self.trials))

    def takes(self, result: SampleResult) -> bool:
        self.error = result.error
        self.trials += result.trials
        return self.error is None

    def result(self) -> AdaptiveResult:
        if self.error is not None:
            return AdaptiveResult(self.request.id, most=self.request.n, error=self.error)
        settled_by: SettledBy = "rule" if self.tally.left else "all drawn"
        return AdaptiveResult(self.request.id, tuple(self.trials), tuple(self.verdicts), self.request.n, settled_by)


def _judge(draws: Sequence[_Draw], accept: Accept) -> None:
    """Judge the new trials of all requests in one call."""
    new = [(draw.request.id, trial) for draw in draws for trial in draw.trials[len(draw.verdicts) :]]
    if not new:
        return
    verdicts = [bool(verdict) for verdict in accept(new)]
    if len(verdicts) != len(new):
        raise SamplerError(f"accept must return one verdict for each of the {len(new)} trials; got {len(verdicts)}")
    rest = iter(verdicts)
    for draw in draws:
        draw.verdicts += islice(rest, len(draw.trials) - len(draw.verdicts))


def _check(requests: Sequence[Request], group: int) -> None:
    if group < 1:
        raise SamplerError(f"group must be at least 1; got {group}")
    seen = set[str]()
    for request in requests:
        if request.id in seen:
            raise InvalidRequest(f"request {request.id!r}: ids must be unique, since the judge knows trials by them")
        seen.add(request.id)
