"""More calls while the server answers, fewer when it complains."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

from trial_sampler.server.concurrency import AdaptiveConcurrency


def filled(start: float, most: int, **flags: bool) -> tuple[AdaptiveConcurrency, list[int]]:
    """A limit with as many calls in flight as it allows, and their numbers."""
    concurrency = AdaptiveConcurrency(start, most, **flags)

    async def fill() -> list[int]:
        for _ in range(int(start)):
            await concurrency.admit()
        return [await concurrency.depart() for _ in range(int(start))]

    return concurrency, asyncio.run(fill())


def test_answers_double_the_limit_in_a_round_until_the_first_complaint() -> None:
    concurrency, flights = filled(8, 64)
    for _ in flights:
        concurrency.answered()
        concurrency.land()
        asyncio.run(depart(concurrency, 2))  # where one landed there is room for it and for one more
    assert concurrency.limit == 16


def test_a_limit_that_nothing_presses_on_does_not_grow() -> None:
    concurrency, flights = filled(8, 64)
    for _ in flights:
        concurrency.answered()
        concurrency.land()
    assert concurrency.limit == 9


def test_the_limit_never_passes_the_most() -> None:
    concurrency, _ = filled(8, 8)
    concurrency.answered()
    assert concurrency.limit == 8


def test_after_a_complaint_a_round_of_answers_adds_one() -> None:
    concurrency, _ = filled(4, 64, is_eager=False)
    concurrency.answered()
    assert concurrency.limit == 4.25


def test_complaints_of_one_round_halve_once() -> None:
    concurrency, flights = filled(8, 64)
    for flight in flights:
        concurrency.complained(flight)
    assert concurrency.limit == 4
    for _ in flights:
        concurrency.land()
    concurrency.complained(asyncio.run(depart(concurrency, 1)))
    assert concurrency.limit == 2
    assert not concurrency.is_eager


async def depart(concurrency: AdaptiveConcurrency, times: int) -> int:
    return [await concurrency.depart() for _ in range(times)][-1]


def test_the_limit_never_falls_below_one() -> None:
    concurrency, _ = filled(1, 4)
    for flight in range(1, 9):
        concurrency.complained(flight)
    assert concurrency.limit == 1


def test_calls_side_by_side_reach_the_bound_and_never_pass_it(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    server.script = lambda seen: reply(complete("ok"), after_s=0.05)
    sampler = sampler_of(start_concurrency=2, most_concurrency=12)
    assert all(result.error is None for result in sampler.sample([ask_text(k, n=4) for k in range(30)]))
    assert server.most_in_flight == 12


def test_one_at_a_time_is_one_at_a_time(server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any) -> None:
    server.script = lambda seen: reply(complete("ok"), after_s=0.003)
    sampler_of(start_concurrency=1, most_concurrency=1).sample([ask_text(k, n=3) for k in range(6)])
    assert server.most_in_flight == 1


def test_a_server_with_room_for_four_is_found_out_and_everything_is_served(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    def crowded(seen: Any) -> Any:
        busy, fine = reply({"error": "busy"}, 429, after_s=0.04), reply(complete("ok"), after_s=0.04)
        return busy if seen.in_flight > 4 else fine

    server.script = crowded
    sampler = sampler_of(start_concurrency=24, most_concurrency=64, most_retries=20)
    first = sampler.sample([ask_text(k, n=4) for k in range(12)])
    assert all(result.error is None for result in first)
    assert server.most_in_flight >= 12  # it began with 24 at once
    calls = len(server.seen)
    assert all(result.error is None for result in sampler.sample([ask_text(k, n=4) for k in range(6)]))
    late = server.seen[calls:]
    assert max(seen.in_flight for seen in late) <= 12  # the next call starts from what was learned
    assert len(late) < 60


def test_a_sampler_can_be_sent_to_another_process(sampler_of: Any, ask_text: Any) -> None:
    sampler = sampler_of()
    expected = sampler.sample([ask_text()])
    assert pickle.loads(pickle.dumps(sampler)).sample([ask_text()]) == expected
