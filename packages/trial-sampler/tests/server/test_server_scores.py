"""First-token scores from a server's candidates."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from trial_sampler import ChoiceRequest

ASK = [{"role": "user", "content": "Is there a cat?"}]


@pytest.fixture
def first_token(reply: Any, complete: Any) -> Any:
    """A reply whose first token has these candidates."""

    def make(candidates: dict[str, Any]) -> Any:
        top = [{"token": token, "logprob": logprob} for token, logprob in candidates.items()]
        body = complete("Yes")
        body["choices"][0] |= {"finish_reason": "length", "logprobs": {"content": [{**top[0], "top_logprobs": top}]}}
        return reply(json.dumps(body))

    return make


def test_choices_share_the_probability_of_the_tokens_that_begin_them(
    server: Any, sampler_of: Any, first_token: Any
) -> None:
    server.script = lambda seen: first_token(
        {"Yes": math.log(0.4), " yes": math.log(0.1), "No": math.log(0.25), "Maybe": math.log(0.2), "n": -9999.0}
    )
    (result,) = sampler_of().score([ChoiceRequest(id="a", messages=ASK)])
    assert result.probabilities == pytest.approx((2 / 3, 1 / 3))
    assert result.mass == pytest.approx(0.75)
    body = server.seen[0].body
    expected = {"model": "m", "max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": 20}
    assert {name: value for name, value in body.items() if name != "messages"} == expected


def test_a_choice_below_the_candidates_counts_nothing(server: Any, sampler_of: Any, first_token: Any) -> None:
    server.script = lambda seen: first_token({"B": math.log(0.9)})
    (result,) = sampler_of().score([ChoiceRequest(id="a", messages=ASK, choices=("A", "B", "C"))])
    assert result.probabilities == (0, 1, 0)
    assert result.mass == pytest.approx(0.9)


def test_no_choice_among_the_candidates_is_a_failure(server: Any, sampler_of: Any, first_token: Any) -> None:
    server.script = lambda seen: first_token({"Perhaps": -0.1})
    (result,) = sampler_of().score([ChoiceRequest(id="a", messages=ASK)])
    assert result.error.reason == "choices"


@pytest.mark.parametrize("logprobs", [None, {}, {"content": None}, {"content": []}, {"content": [{"token": "Yes"}]}])
def test_a_server_without_log_probabilities_is_told_so_and_its_text_is_not_used(
    server: Any, sampler_of: Any, reply: Any, complete: Any, logprobs: Any
) -> None:
    body = complete("Yes")
    body["choices"][0]["logprobs"] = logprobs
    server.script = lambda seen: reply(body)
    (result,) = sampler_of().score([ChoiceRequest(id="a", messages=ASK)])
    assert str(result.error).startswith("choices: the server gave no log-probabilities of the first token")
    assert result.probabilities == ()


@pytest.mark.parametrize("logprob", [None, "low", float("nan")])
def test_a_malformed_candidate_is_a_bad_reply(server: Any, sampler_of: Any, first_token: Any, logprob: Any) -> None:
    server.script = lambda seen: first_token({"Yes": -1.0, "No": logprob})
    (result,) = sampler_of().score([ChoiceRequest(id="a", messages=ASK)])
    assert result.error.reason == "bad_reply"


def test_scores_come_in_order_and_fail_alone(server: Any, sampler_of: Any, first_token: Any, reply: Any) -> None:
    def script(seen: Any) -> Any:
        index = int(seen.body["messages"][0]["content"])
        return reply({"error": "no"}, 400) if index == 2 else first_token({"yes": math.log(0.1 * (index + 1))})

    server.script = script
    requests = [ChoiceRequest(id=str(k), messages=[{"role": "user", "content": str(k)}]) for k in range(5)]
    results = sampler_of().score(requests)
    assert [result.id for result in results] == list("01234")
    assert [round(result.mass, 3) for result in results] == [0.1, 0.2, 0.0, 0.4, 0.5]
    assert str(results[2].error) == "refused: 400: no"
