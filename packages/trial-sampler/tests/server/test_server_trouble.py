"""Servers that complain, fail, hang and vanish."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from trial_sampler import ModelError, SamplerError, load_sampler
from trial_sampler.conversations import Refused
from trial_sampler.server.bodies import Call
from trial_sampler.server.concurrency import AdaptiveConcurrency
from trial_sampler.server.dispatch import Dispatcher, Job


def by_turns(*replies: Any) -> Any:
    """Answer each caller's first call with the first reply, and so on; the last one stays."""
    turns: Counter[str] = Counter()

    def script(seen: Any) -> Any:
        question = seen.body["messages"][0]["content"]
        turns[question] += 1
        return replies[min(turns[question], len(replies)) - 1]

    return script


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_trouble_that_passes_is_waited_out(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any, status: int
) -> None:
    trouble = reply({"error": {"message": "not now"}}, status)
    server.script = by_turns(trouble, trouble, reply(complete("a cat")))
    (result,) = sampler_of().sample([ask_text()])
    assert result.trials[0].text == "a cat"
    assert len(server.seen) == 3


def test_trouble_that_stays_ends_after_the_most_retries(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    server.script = lambda seen: (
        reply({"error": {"message": "out of\nmemory"}}, 500)
        if "question 1" in str(seen.body)
        else reply(complete("ok"))
    )
    first, second, third = sampler_of(most_retries=2).sample([ask_text(k) for k in range(3)])
    assert str(second.error) == "unavailable: 500: out of memory (3 attempts)"
    assert (first.trials[0].text, third.trials[0].text) == ("ok", "ok")


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any, as_date: bool
) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=1.2)  # a date has whole seconds: 0.2 to 1.2 of them are left
    value = format_datetime(moment, usegmt=True) if as_date else "0.3"
    server.script = by_turns(reply({}, 429, {"Retry-After": value}), reply(complete("ok")))
    (result,) = sampler_of().sample([ask_text()])
    waited = server.seen[1].at_s - server.seen[0].at_s
    assert result.error is None
    assert (0.15 if as_date else 0.3) <= waited < 2


def test_a_wait_beyond_the_deadline_is_not_waited_for(server: Any, sampler_of: Any, ask_text: Any, reply: Any) -> None:
    server.script = lambda seen: reply({"error": {"message": "slow down"}}, 429, {"Retry-After": "60"})
    began = time.monotonic()
    (result,) = sampler_of(request_deadline_s=5.0).sample([ask_text()])
    assert time.monotonic() - began < 3
    assert str(result.error) == "deadline: no answer within 5 s (attempts: 1; the last one: 429: slow down)"


def test_a_hanging_server_costs_a_request_its_deadline_and_no_more(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    hang, fine = reply(complete("late"), after_s=30), reply(complete("ok"))
    server.script = lambda seen: hang if "question 1" in str(seen.body) else fine
    began = time.monotonic()
    good, bad = sampler_of(request_deadline_s=0.4, attempt_deadline_s=0.15).sample([ask_text(0), ask_text(1)])
    assert 0.3 < time.monotonic() - began < 5
    assert good.trials[0].text == "ok"
    assert bad.error.reason == "deadline"
    assert "the last one: no answer to an attempt within 0." in bad.error.detail


def test_an_attempt_that_hangs_is_tried_again(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    server.script = by_turns(reply(complete("late"), after_s=30), reply(complete("ok")))
    (result,) = sampler_of(attempt_deadline_s=0.1).sample([ask_text()])
    assert result.trials[0].text == "ok"


def test_waiting_for_a_turn_is_not_part_of_the_deadline(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    server.script = lambda seen: reply(complete("ok"), after_s=0.1)
    results = sampler_of(request_deadline_s=0.6, start_concurrency=1, most_concurrency=1).sample(
        [ask_text(k) for k in range(8)]
    )
    assert [result.error for result in results] == [None] * 8


def test_the_deadline_is_that_of_all_trials_together(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    server.script = lambda seen: reply(complete("ok"), after_s=0.05)
    settings = {"request_deadline_s": 0.5, "start_concurrency": 1, "most_concurrency": 1}
    few, many = (sampler_of(**settings).sample([ask_text(n=n)])[0] for n in (2, 20))
    assert few.error is None
    assert many.error.reason == "deadline"
    assert len(server.seen) < 20  # the trials that could not be in time were not paid for


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"error": {"message": "prompt is\n too long", "code": 400}}, 400, "400: prompt is too long"),
        ({"object": "error", "message": "bad image"}, 400, "400: bad image"),
        ({"detail": "Unexpected fields"}, 422, "422: Unexpected fields"),
        ("<html>No", 413, "413: <html>No"),
        ("x" * 5000, 400, "400: " + "x" * 300),
    ],
)
def test_a_refusal_gives_the_servers_words_in_one_line_and_is_not_retried(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, body: Any, status: int, message: str
) -> None:
    server.script = lambda seen: reply(body, status)
    (result,) = sampler_of().sample([ask_text(n=1)])
    assert str(result.error) == f"refused: {message}"
    assert len(server.seen) == 1


def test_one_refused_trial_spares_the_others_of_its_request(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any
) -> None:
    server.script = lambda seen: reply({"error": "no"}, 400)
    one, two = sampler_of(start_concurrency=1, most_concurrency=1).sample([ask_text(0, n=9), ask_text(1, n=9)])
    assert (one.error.reason, two.error.reason) == ("refused", "refused")
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("status", "text"),
    [(401, "the key is missing or wrong"), (403, "may not use"), (404, "no such model"), (307, "are not followed")],
)
def test_what_can_serve_nothing_ends_the_whole_call(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any, status: int, text: str
) -> None:
    slow = reply(complete("ok"), after_s=30)
    server.script = lambda seen: reply({"error": "no"}, status) if "question 1" in str(seen.body) else slow
    began = time.monotonic()
    with pytest.raises(ModelError, match=text) as error:
        sampler_of(attempt_deadline_s=60, request_deadline_s=60).sample([ask_text(k) for k in range(3)])
    assert time.monotonic() - began < 10
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "body",
    [
        '{"choices": [{"mess',
        "",
        "[1, 2]",
        "null",
        '{"choices": {"a": 1}}',
        '{"error": {"message": "with status 200"}}',
        '{"choices": [null]}',
        '{"choices": [{"finish_reason": "stop", "message": {"content": null}}]}',
        '{"choices": [{"finish_reason": "stop", "message": {"content": 7}}]}',
        '{"choices": [{"finish_reason": null, "message": {"content": "a"}}]}',
        "[" * 100_000,
    ],
)
def test_a_malformed_reply_fails_the_request(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, body: str
) -> None:
    server.script = lambda seen: reply(body)
    (result,) = sampler_of().sample([ask_text()])
    assert result.error.reason == "bad_reply"
    assert len(server.seen) == 1


def test_a_reply_that_breaks_off_is_fetched_again(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    server.script = by_turns(reply('{"choices": [', claimed_bytes=500), reply(complete("ok")))
    assert sampler_of().sample([ask_text()])[0].trials[0].text == "ok"


def test_a_server_that_is_gone_fails_the_rest_without_trying_each(server: Any, sampler_of: Any, ask_text: Any) -> None:
    sampler = sampler_of(most_retries=2, start_concurrency=2, most_concurrency=2, first_backoff_s=0.05)
    assert sampler.sample([ask_text()])[0].error is None
    server.close()
    began = time.monotonic()
    results = sampler.sample([ask_text(k) for k in range(300)])
    assert time.monotonic() - began < 5
    assert {result.error.reason for result in results} == {"unavailable"}
    assert "(3 attempts)" in results[0].error.detail
    assert "the server is gone" in results[-1].error.detail


def test_a_server_that_is_not_there_is_told_when_the_sampler_is_made(server: Any) -> None:
    server.close()
    with pytest.raises(ModelError, match="cannot use the server at http://127") as error:
        load_sampler("m", backend="server", base_url=server.base_url)
    assert "\n" not in str(error.value)


def test_a_key_that_is_refused_is_told_when_the_sampler_is_made(server: Any, reply: Any) -> None:
    server.models = reply({"error": "who are you"}, 401)
    with pytest.raises(ModelError, match=r"refuses the key \(401\); the key is read from OPENAI_API_KEY"):
        load_sampler("m", backend="server", base_url=server.base_url)


def test_an_unknown_adapter_is_named(sampler_of: Any) -> None:
    with pytest.raises(SamplerError, match=r"adapter must be one of \[\] or None; got 'tuned'"):
        sampler_of().with_adapter("tuned")


def test_a_refused_trial_does_not_wait_for_the_others_of_its_request(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    server.script = lambda seen: reply({"error": "no"}, 400, after_s=0.1) if seen.number == 2 else reply({}, after_s=30)
    began = time.monotonic()
    (result,) = sampler_of(attempt_deadline_s=20, request_deadline_s=20).sample([ask_text(n=4)])
    assert time.monotonic() - began < 5
    assert result.error.reason == "refused"


def test_calls_given_up_before_they_begin_leave_their_places_to_others() -> None:
    class Refusing:
        gone = None

        async def answer(self, body: bytes, deadline_s: float) -> Any:
            raise Refused("refused", "no")

    async def serve() -> list[Any]:
        concurrency = AdaptiveConcurrency(4, 4)
        jobs = [Job([Call({})] * 4, "[]", lambda call, reply: reply) for _ in range(10)]
        async with asyncio.timeout(10):
            outcomes = await Dispatcher(Refusing(), concurrency, 5.0).serve([lambda job=job: job for job in jobs])
            for _ in range(4):
                await concurrency.admit()
        return outcomes

    assert [str(outcome) for outcome in asyncio.run(serve())] == ["refused: no"] * 10
