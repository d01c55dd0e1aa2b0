from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trial_sampler import (
    AdaptiveResult,
    InvalidRequest,
    Request,
    Rule,
    SampleFailure,
    SamplerError,
    SampleResult,
    Tally,
    Trial,
    clear_of,
    either,
    more_than,
    none_right_of,
    one_accepted,
    replay,
    sample_adaptively,
    simulate_verdicts,
    wilson_interval,
    within,
)
from trial_sampler.hf import HfSampler
from trial_sampler.settling import trials_until_look

from .watching import images_run

Pattern = list[bool]
patterns = st.lists(st.booleans(), min_size=1, max_size=20)
batches = st.lists(patterns, min_size=1, max_size=6)
groups = st.integers(1, 20)
bounds = st.integers(0, 20)


class Patterns:
    """A sampler whose trials are right or wrong as a table says; trial k is the table's k, however it is asked for."""

    def __init__(self, table: Mapping[str, Pattern], failing: Mapping[str, int] | None = None) -> None:
        self.table, self.failing = table, failing or {}
        self.rounds: list[list[Request]] = []

    def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
        self.rounds.append(list(requests))
        return [self.one(request) for request in requests]

    def one(self, request: Request) -> SampleResult:
        drawn = range(request.first_trial, request.first_trial + request.n)
        if self.failing.get(request.id, -1) in drawn:
            return SampleResult(request.id, error=SampleFailure("truncated", "1 of 4 trials"))
        return SampleResult(request.id, tuple(trial(self.table[request.id][k], k) for k in drawn))


class Judge:
    """Reads the verdict off the text, and remembers every call."""

    def __init__(self) -> None:
        self.calls: list[list[tuple[str, int]]] = []

    def __call__(self, asked: Sequence[tuple[str, Trial]]) -> list[bool]:
        self.calls.append([(request_id, trial.seed) for request_id, trial in asked])
        return [trial.text == "right" for _, trial in asked]


def trial(right: bool, index: int) -> Trial:
    return Trial("right" if right else "wrong", "stop", 1, -1.0, index)


def request(request_id: str, n: int, first_trial: int = 0) -> Request:
    return Request(id=request_id, messages=[{"role": "user", "content": "?"}], n=n, first_trial=first_trial)


def draw(table: Mapping[str, Pattern], settled: Rule, group: int = 4) -> list[AdaptiveResult]:
    asked = [request(name, len(pattern)) for name, pattern in table.items()]
    return sample_adaptively(Patterns(table), asked, Judge(), settled, group=group)


def named(rows: Sequence[Pattern]) -> dict[str, Pattern]:
    return {f"scene-{k}": row for k, row in enumerate(rows)}


def pattern(right: Sequence[int], n: int = 16) -> Pattern:
    return [k in right for k in range(n)]


def trained_on(low: int, high: int) -> Callable[[Sequence[bool]], object]:
    """The right trials that a method trains on, if there are low to high of them; else nothing."""

    def decide(verdicts: Sequence[bool]) -> object:
        return [k for k, right in enumerate(verdicts) if right] if low <= sum(verdicts) <= high else "outside"

    return decide


def test_the_interval_is_that_of_the_textbook() -> None:
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=5e-5)
    assert wilson_interval(0, 8) == pytest.approx((0.0, 3.8415 / (8 + 3.8415)), abs=1e-4)  # z2 / (n + z2)
    assert wilson_interval(8, 8)[0] == pytest.approx(8 / (8 + 3.8415), abs=1e-4)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(5, 10, level=0.5).low > wilson_interval(5, 10).low


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_rate_and_mirrors(counts: tuple[int, int]) -> None:
    right, drawn = counts
    low, high = wilson_interval(right, drawn)
    assert 0 <= low <= right / drawn <= high <= 1
    assert wilson_interval(drawn - right, drawn) == pytest.approx((1 - high, 1 - low))


@given(batches, bounds, groups)
def test_more_than_decides_as_the_full_draw(rows: list[Pattern], k: int, group: int) -> None:
    for full, result in zip(rows, draw(named(rows), more_than(k), group), strict=True):
        assert (result.right > k) == (sum(full) > k)


@given(batches, bounds, bounds, groups)
def test_within_decides_as_the_full_draw_and_misses_no_right_trial(
    rows: list[Pattern], one: int, other: int, group: int
) -> None:
    decide = trained_on(min(one, other), max(one, other))
    for full, result in zip(rows, draw(named(rows), within(min(one, other), max(one, other)), group), strict=True):
        assert decide(result.verdicts) == decide(full)


@given(batches, groups)
def test_one_accepted_finds_the_first_right_trial_of_the_full_draw(rows: list[Pattern], group: int) -> None:
    for full, result in zip(rows, draw(named(rows), one_accepted(), group), strict=True):
        first = full.index(True) if any(full) else None
        assert (result.verdicts.index(True) if result.right else None) == first


@given(
    batches,
    groups,
    st.sampled_from([within(1, 4), clear_of(0.3), none_right_of(5), either(more_than(2), clear_of(0.5))]),
)
def test_drawn_trials_are_the_first_ones_judged_once_each(rows: list[Pattern], group: int, settled: Rule) -> None:
    table, judge = named(rows), Judge()
    asked = [request(name, len(row)) for name, row in table.items()]
    results = sample_adaptively(Patterns(table), asked, judge, settled, group=group)
    for name, result in zip(table, results, strict=True):
        assert result.id == name
        assert [one.seed for one in result.trials] == list(range(result.drawn))
        assert list(result.verdicts) == table[name][: result.drawn]
        assert result.drawn == result.most or result.drawn % group == 0
        assert result.settled_by == ("rule" if result.saved else "all drawn")
    seen = [one for call in judge.calls for one in call]
    assert sorted(seen) == sorted((result.id, k) for result in results for k in range(result.drawn))


@given(batches, groups, st.sampled_from([more_than(3), within(2, 5), clear_of(0.3), none_right_of(5)]))
def test_looks_that_are_left_out_could_not_have_stopped_the_draw(
    rows: list[Pattern], group: int, settled: Rule
) -> None:
    for full, result in zip(rows, draw(named(rows), settled, group), strict=True):
        looks = [*range(group, len(full), group), len(full)]
        stops = [drawn for drawn in looks if settled(Tally(sum(full[:drawn]), drawn, len(full)))]
        assert result.drawn == (stops or [len(full)])[0]


@given(batches, groups, st.sampled_from([within(1, 4), clear_of(0.3), either(within(1, 4), none_right_of(8))]))
def test_a_replay_counts_what_the_draw_does(rows: list[Pattern], group: int, settled: Rule) -> None:
    decide = trained_on(1, 4)
    results = draw(named(rows), settled, group)
    measured = replay(rows, settled, decide, group=group)
    assert measured.drawn == sum(result.drawn for result in results)
    assert measured.full == sum(map(len, rows))
    assert measured.changed == sum(
        decide(result.verdicts) != decide(full) for result, full in zip(results, rows, strict=True)
    )


def test_open_requests_go_on_together_and_the_last_rounds_skip_looks_that_settle_nothing() -> None:
    table = {"easy": pattern(range(16)), "hard": pattern([3, 9]), "never": pattern([])}
    sampler, judge = Patterns(table), Judge()
    easy, hard, never = sample_adaptively(sampler, [request(name, 16) for name in table], judge, within(1, 4), group=4)
    assert [[(one.id, one.first_trial, one.n) for one in asked] for asked in sampler.rounds] == [
        [("easy", 0, 8), ("hard", 0, 8), ("never", 0, 8)],  # after 4 trials none can have more than 4 right
        [("hard", 8, 4), ("never", 8, 8)],  # hard has 1 right and may reach 5 by trial 12, never only by trial 16
        [("hard", 12, 4)],
    ]
    assert len(judge.calls) == 3
    assert (easy.right, easy.drawn, easy.saved, easy.settled_by) == (8, 8, 8, "rule")
    assert (hard.right, hard.drawn, hard.saved, hard.settled_by) == (2, 16, 0, "all drawn")
    assert hard.pass_rate == 2 / 16
    assert hard.pass_interval == wilson_interval(2, 16)
    assert never.pass_rate == 0


def test_each_request_has_its_own_n_and_first_trial() -> None:
    table = {"a": pattern([], n=30), "b": pattern([], n=3)}
    sampler = Patterns(table)
    asked = [request("a", 10, first_trial=5), request("b", 3)]
    a, b = sample_adaptively(sampler, asked, Judge(), clear_of(0.01), group=8)
    assert [one.seed for one in a.trials] == list(range(5, 15))
    assert (a.most, b.most, b.drawn) == (10, 3, 3)


def test_a_request_that_fails_in_a_later_round_fails_alone() -> None:
    table = {"good": pattern([0, 5]), "bad": pattern([0])}
    judge = Judge()
    results = sample_adaptively(
        Patterns(table, failing={"bad": 9}), [request(name, 16) for name in table], judge, within(1, 4)
    )
    good, bad = results
    assert good.error is None
    assert good.drawn == 16
    assert bad.error == SampleFailure("truncated", "1 of 4 trials")
    assert (bad.trials, bad.verdicts, bad.settled_by, bad.saved, bad.pass_rate) == ((), (), None, 0, None)
    assert [name for call in judge.calls for name, _ in call].count("bad") == 8


def test_a_trial_that_is_never_drawn_cannot_fail_its_request() -> None:
    table = {"easy": pattern(range(16))}
    [result] = sample_adaptively(Patterns(table, failing={"easy": 12}), [request("easy", 16)], Judge(), more_than(4))
    assert result.error is None


class Keeper(Patterns):
    """Patterns, two prompts side by side; remembers which requests it was given while it kept prompts."""

    batch_size = 2

    def __init__(self, table: Mapping[str, Pattern]) -> None:
        super().__init__(table)
        self.keeping = False

    @contextmanager
    def keeping_prompts(self) -> Generator[None]:
        self.keeping = True
        yield
        self.keeping = False

    def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
        assert self.keeping
        return super().sample(requests)


def test_as_many_requests_are_open_as_prompts_are_kept_and_new_ones_take_the_place_of_those_that_leave() -> None:
    table = {"easy": pattern(range(16)), "never": pattern([]), "late": pattern(range(16)), "last": pattern([0])}
    sampler = Keeper(table)
    results = sample_adaptively(sampler, [request(name, 16) for name in table], Judge(), within(1, 4))
    assert [[one.id for one in asked] for asked in sampler.rounds] == [
        ["easy", "never"],
        ["never", "late"],  # never draws its last 8, late its first 8
        ["last"],  # 1 of 8 right: may reach 5 at 12
        ["last"],
        ["last"],
    ]
    assert results == sample_adaptively(Patterns(table), [request(name, 16) for name in table], Judge(), within(1, 4))
    assert not sampler.keeping


def test_a_model_in_this_process_encodes_each_image_once(
    llava: Any, processor: Any, ask: Callable[..., Request]
) -> None:
    asked = [ask(k, n=9) for k in range(7)]
    full = HfSampler(llava, processor).sample(asked)
    right = {one.id: [k % 3 == int(one.id[-1]) % 3 for k in range(9)] for one in asked}
    numbers = {trial.seed: k for result in full for k, trial in enumerate(result.trials)}

    def accept(new: Sequence[tuple[str, Trial]]) -> list[bool]:
        return [right[name][numbers[trial.seed]] for name, trial in new]

    with images_run(llava) as images:
        results = sample_adaptively(HfSampler(llava, processor, batch_size=3), asked, accept, more_than(1), group=2)
    assert sum(images) == len(asked)
    assert {result.drawn for result in results} > {4}
    for result, whole in zip(results, full, strict=True):
        assert [one.text for one in result.trials] == [one.text for one in whole.trials[: result.drawn]]


def test_the_judge_is_not_called_for_nothing() -> None:
    judge = Judge()
    assert sample_adaptively(Patterns({}), [], judge, more_than(0)) == []
    sample_adaptively(Patterns({"a": [True]}, failing={"a": 0}), [request("a", 1)], judge, more_than(0))
    assert judge.calls == []


def test_an_early_stop_on_right_trials_overrates_the_pass_rate() -> None:
    draws = simulate_verdicts(2000, alpha=30, beta=70, seed=1)
    results = draw(named(draws), more_than(4), group=1)
    early = [result for result in results if result.settled_by == "rule" and result.right > 4]
    mean = sum(result.pass_rate or 0 for result in early) / len(early)
    assert mean > 0.4  # the true rates have mean 0.3: what AdaptiveResult says about bias is so


def test_a_rule_that_guesses_changes_the_share_of_decisions_that_theory_says() -> None:
    draws = simulate_verdicts(4000, alpha=1, beta=1, seed=3)
    measured = replay(draws, either(within(1, 4), none_right_of(8)), trained_on(1, 4))
    # Uniform difficulty: P(0 of the first 8, r of the other 8) = C(8, r) B(r + 1, 17 - r); 1 to 4 are changed.
    beta = [math.gamma(r + 1) * math.gamma(17 - r) / math.gamma(18) for r in range(5)]
    theory = sum(math.comb(8, r) * beta[r] for r in range(1, 5))
    assert measured.changed_interval.low <= theory <= measured.changed_interval.high
    assert replay(draws, within(1, 4), trained_on(1, 4)).changed == 0


def test_an_interval_that_is_looked_at_often_is_wrong_more_often_than_its_level_says() -> None:
    draws = simulate_verdicts(1000, n=64, alpha=3e6, beta=7e6, seed=5)  # every true rate is 0.3
    results = draw(named(draws), clear_of(0.3), group=2)
    misled = sum(clear_of(0.3)(Tally(result.right, result.drawn, 64)) for result in results)
    misled_once = sum(clear_of(0.3)(Tally(sum(row), 64, 64)) for row in draws)
    assert 30 < misled_once < 70
    assert misled > 2 * misled_once


def test_a_replay_gives_shares() -> None:
    measured = replay([pattern([0]), pattern([])], one_accepted(), len)
    assert (measured.requests, measured.full, measured.drawn, measured.saved_share) == (2, 32, 20, 12 / 32)
    assert (measured.changed, measured.changed_share) == (1, 0.5)  # 4 trials are not 16


@pytest.mark.parametrize(
    ("tally", "group", "wanted"),
    [
        (Tally(0, 0, 16), 1, 5),  # the fifth trial is the first that can make more than 4 right
        (Tally(4, 5, 16), 1, 1),
        (Tally(0, 8, 16), 5, 5),  # 5 of 13: still open below 16
        (Tally(0, 13, 16), 4, 3),  # never beyond n
    ],
)
def test_the_next_look_is_where_the_rule_may_settle(tally: Tally, group: int, wanted: int) -> None:
    assert trials_until_look(tally, within(1, 4), group) == wanted


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Tally(3, 2, 16), "a tally needs 0 <= right <= drawn <= most; got 3, 2, 16"),
        (lambda: more_than(-1), "more_than needs k >= 0; got -1"),
        (lambda: within(4, 1), "within needs 0 <= low <= high; got (4, 1)"),
        (lambda: clear_of(1.0), "clear_of needs 0 < threshold < 1; got 1.0"),
        (lambda: clear_of(0.5, level=95), "clear_of needs 0 < level < 1; got 95"),
        (lambda: none_right_of(0), "none_right_of needs first >= 1; got 0"),
        (lambda: either(), "either needs at least one rule; got ()"),
        (lambda: wilson_interval(3, 2), "wilson_interval needs 0 <= right <= drawn and 0 < level < 1; got 3, 2, 0.95"),
        (lambda: draw({"a": [True]}, more_than(1), group=0), "group must be at least 1; got 0"),
        (
            lambda: replay([[]], more_than(1), len),
            "replay needs draws of at least one trial and group >= 1; got sizes [0], group 4",
        ),
        (
            lambda: simulate_verdicts(0),
            "simulate_verdicts needs requests >= 1, n >= 1, alpha > 0, beta > 0; got 0, 16, 1.0, 1.0",
        ),
    ],
)
def test_wrong_arguments_are_named(call: Callable[[], object], text: str) -> None:
    with pytest.raises(SamplerError) as error:
        call()
    assert str(error.value) == text


def test_a_judge_that_loses_a_trial_is_told_so() -> None:
    with pytest.raises(SamplerError, match=r"accept must return one verdict for each of the 4 trials; got 1"):
        sample_adaptively(Patterns({"a": pattern([])}), [request("a", 4)], lambda asked: [True], more_than(0))


def test_two_requests_of_one_id_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="request 'a': ids must be unique"):
        sample_adaptively(Patterns({}), [request("a", 4), request("a", 4)], Judge(), more_than(0))
