"""Requests as the arguments of `vllm.SamplingParams`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trial_sampler.conversations import Refused
from trial_sampler.random_streams import trial_seed
from trial_sampler.request import Request
from trial_sampler.vllm.settings import VllmSettings

# vllm.sampling_params: MAX_LOGPROB_TOKEN_IDS, _MAX_TEMP, and the bound in SamplingParams._verify_args.
MOST_SCORED_TOKENS = 128
_LEAST_TEMPERATURE, _LARGEST_TEMPERATURE = 0.01, 2.0


@dataclass(frozen=True)
class Draws:
    """What a request asks of the engine."""

    parameters: Sequence[Mapping[str, Any]]
    """Arguments of `SamplingParams`, one mapping for each engine request."""
    seeds: Sequence[int]
    """The seed of each trial."""


def draws_of(request: Request, settings: VllmSettings) -> Draws:
    """Return the engine requests that draw a request's trials.

    Greedy trials are equal: one is drawn, whatever n.

    Raises:
        Refused: vLLM has no such temperature.
    """
    _check_temperature(request.temperature)
    trials = range(request.first_trial, request.first_trial + request.n)
    seeds = [trial_seed(request.seed, request.id, trial) for trial in trials]
    if request.temperature == 0:
        return Draws([_parameters(request)], seeds)
    if settings.trials == "seeded":
        return Draws([_parameters(request) | {"seed": seed} for seed in seeds], seeds)
    # vllm/v1/engine/parallel_sampling.py gives child k the seed s + k; all of them must stay below 2**63.
    first = seeds[0] % (2**63 - request.n)
    parameters = _parameters(request) | {"seed": first, "n": request.n}
    return Draws([parameters], [first + k for k in range(request.n)])


def scoring_parameters(token_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the engine requests that tell the first token's log-probability at given tokens.

    >>> [len(one["logprob_token_ids"]) for one in scoring_parameters(range(300))]
    [128, 128, 44]
    """
    starts = range(0, len(token_ids), MOST_SCORED_TOKENS)
    chunks = [list(token_ids[start : start + MOST_SCORED_TOKENS]) for start in starts]
    return [{"temperature": 0.0, "max_tokens": 1, "logprob_token_ids": chunk} for chunk in chunks]


def _parameters(request: Request) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": 0,  # off
        "max_tokens": request.max_new_tokens,
        "logprobs": 0,  # of the chosen token alone: vLLM then sums them as `cumulative_logprob`
    }
    return parameters | ({"stop": list(request.stop)} if request.stop else {})


def _check_temperature(temperature: float) -> None:
    """Refuse what vLLM would raise to 0.01 with no more than a line in its log."""
    if temperature != 0 and not _LEAST_TEMPERATURE <= temperature <= _LARGEST_TEMPERATURE:
        bounds = f"0 or in [{_LEAST_TEMPERATURE}, {_LARGEST_TEMPERATURE}]"
        raise Refused("model", f"vLLM's temperature must be {bounds}; got {temperature}")
