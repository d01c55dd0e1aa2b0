from __future__ import annotations

import math
from typing import Any

import pytest
from trial_sampler import ChoiceRequest

ASK = [{"role": "user", "content": "Is there a cat?"}]


def test_choices_are_scored_from_every_token_that_begins_one(sampler_of: Any, engine: Any, script: Any) -> None:
    # "Yes" 0.25, " yes" 0.125, "y" 0.125; "no" 0.0625, "No" 0.0625; "maybe" takes the rest.
    shares = {1: 0.25, 2: 0.125, 6: 0.125, 3: 0.0625, 4: 0.0625}
    engine.script = script.likely({token: math.log(share) for token, share in shares.items()})
    (result,) = sampler_of().score([ChoiceRequest(id="a", messages=ASK)])
    assert result.probabilities == pytest.approx((0.8, 0.2))
    assert result.mass == pytest.approx(0.625)


def test_more_tokens_than_vllm_scores_at_once_are_asked_for_in_parts(sampler_of: Any, engine: Any, script: Any) -> None:
    engine.script = script.likely({1: math.log(0.5), 3: math.log(0.25)})
    (result,) = sampler_of().score([ChoiceRequest(id="a", messages=ASK)])
    parts = [asked.params.logprob_token_ids for asked in engine.asked]
    assert [len(part) for part in parts] == [128, 76]  # 202 begin "yes", 2 begin "no"
    assert len({token for part in parts for token in part}) == 204
    assert result.probabilities == pytest.approx((2 / 3, 1 / 3))


def test_a_choice_that_no_token_begins_fails_its_request_alone(sampler_of: Any, engine: Any, script: Any) -> None:
    engine.script = script.likely({1: -1.0, 3: -1.0})
    bad, fine = sampler_of().score(
        [ChoiceRequest(id="a", messages=ASK, choices=("yes", "xylophone")), ChoiceRequest(id="b", messages=ASK)]
    )
    assert str(bad.error) == "choices: no token of the vocabulary begins 'xylophone' alone"
    assert fine.probabilities == pytest.approx((0.5, 0.5))


def test_a_token_that_the_engine_leaves_out_is_an_error(sampler_of: Any, engine: Any, script: Any) -> None:
    def leave_one_out(asked: Any) -> Any:
        answer = script.likely({})(asked)
        answer.outputs[0].logprobs[0].pop(3, None)
        return answer

    engine.script = leave_one_out
    (result,) = sampler_of().score([ChoiceRequest(id="a", messages=ASK)])
    assert str(result.error) == "choices: the engine gave no log-probability of token 3"


def test_a_reply_that_is_none_of_the_choices_has_no_probabilities(sampler_of: Any, engine: Any, script: Any) -> None:
    engine.script = script.likely(dict.fromkeys(range(300), -math.inf))
    (result,) = sampler_of().score([ChoiceRequest(id="a", messages=ASK)])
    assert result.error is not None
    assert result.error.reason == "choices"
