"""What the engine returns, as trials and first-token probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from trial_sampler.conversations import Refused
from trial_sampler.request import Trial


class Interrupted(Exception):
    """The engine gave a request up and asks to be asked again."""


def check_finished(output: Any) -> None:
    """Check that every completion of a `RequestOutput` came to its end.

    Raises:
        Interrupted: one is worth another attempt.
        Refused: one was aborted, or ended in a way that is none of ours.
    """
    reasons = [completion.finish_reason for completion in output.outputs]
    if "error" in reasons:  # vllm/v1/engine/__init__.py: a retryable error of this request, such as a media cache miss
        raise Interrupted
    for reason in reasons:
        if reason not in ("stop", "length"):
            raise Refused("model", f"finish_reason must be 'stop' or 'length'; got {reason!r}")


def trials_of(outputs: Sequence[Any], seeds: Sequence[int]) -> list[Trial]:
    """Return the trials of a request from its `RequestOutput`s; one completion serves all seeds of a greedy draw."""
    completions = [one for output in outputs for one in sorted(output.outputs, key=lambda one: one.index)]
    if len(completions) == 1:
        completions *= len(seeds)
    if len(completions) != len(seeds):
        raise Refused("wrong_count", f"asked the engine for {len(seeds)} completions; got {len(completions)}")
    return [_trial(completion, seed) for completion, seed in zip(completions, seeds, strict=True)]


def masses_of(outputs: Sequence[Any], token_ids: Sequence[Sequence[int]]) -> list[float]:
    """Return the probability of each group of first tokens from the `RequestOutput`s that scored them.

    Raises:
        Refused: the engine left a token out.
    """
    logprobs: dict[int, float] = {}
    for output in outputs:
        for token, found in output.outputs[0].logprobs[0].items():
            logprobs[token] = found.logprob
    missing = [token for ids in token_ids for token in ids if token not in logprobs]
    if missing:
        raise Refused("choices", f"the engine gave no log-probability of token {missing[0]}")
    return [sum(math.exp(logprobs[token]) for token in ids) for ids in token_ids]


def _trial(completion: Any, seed: int) -> Trial:
    reason = "stop" if completion.finish_reason == "stop" else "length"
    return Trial(completion.text.strip(), reason, len(completion.token_ids), completion.cumulative_logprob, seed)
