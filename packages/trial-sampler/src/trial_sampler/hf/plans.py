"""What is to be drawn for one prompt, and what was drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trial_sampler.hf.stopping import stop_checker
from trial_sampler.random_streams import trial_seed, uniforms
from trial_sampler.request import Request


@dataclass(frozen=True)
class TrialPlan:
    """The n trials of one prompt, of up to T new tokens."""

    temperature: float
    """0 is greedy."""
    top_p: float
    """In (0, 1]."""
    uniforms_N_T: Tensor
    """float64 in (0, 1); one for each token of each trial."""
    stopped: Callable[[Tensor], Tensor] | None = None
    """Tokens `(n', steps)` -> bool `(n',)`: does a stop string end it here? None: the prompt has none."""

    @property
    def n(self) -> int:
        """Number of trials."""
        return self.uniforms_N_T.shape[0]

    @property
    def limit(self) -> int:
        """T."""
        return self.uniforms_N_T.shape[1]


@dataclass(frozen=True)
class Drawn:
    """n sequences of up to T new tokens."""

    tokens_N_T: Tensor
    """int64; meaningless from `lengths_N` on."""
    lengths_N: Tensor
    """int64."""
    logprobs_N: Tensor
    """float64; summed over the sequence, in nats, at temperature 1 before top-p."""
    ended_N: Tensor
    """bool; False where the limit cut the sequence off."""


def seeds_of(request: Request) -> list[int]:
    """Return the seed of each of a request's trials."""
    return [trial_seed(request.seed, request.id, request.first_trial + k) for k in range(request.n)]


def plan_of(request: Request, tokenizer: Any, device: torch.device) -> TrialPlan:
    """Return the plan of a request; its trials are drawn once where all of them are the greedy one."""
    seeds = seeds_of(request)[: 1 if request.temperature == 0 else None]
    numbers = uniforms(np.array(seeds, dtype=np.uint64), request.max_new_tokens)
    return TrialPlan(
        temperature=request.temperature,
        top_p=request.top_p,
        uniforms_N_T=torch.from_numpy(numbers).to(device),
        stopped=stop_checker(request.stop, tokenizer),
    )


def joined_uniforms(plans: Sequence[TrialPlan]) -> Tensor:
    """Return the numbers of all trials of all plans, `(R, T)` for the longest T; zeros behind shorter ones."""
    longest = max(plan.limit for plan in plans)
    rows = [torch.nn.functional.pad(plan.uniforms_N_T, (0, longest - plan.limit)) for plan in plans]
    return torch.cat(rows)
