"""One prefill for each prompt, then all trials of all prompts step by step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from trial_sampler.hf.caches import spread_cache
from trial_sampler.hf.choosing import choose_tokens

# Moving the live rows together copies their cache once, which costs about one step: worth it when a quarter is done.
_WORTH_DROPPING = 0.75


@dataclass(frozen=True)
class Prefill:
    """What the model keeps of B prompts of padded length P."""

    cache: Any
    """The transformers cache of the B prompts."""
    logits_B_V: Tensor
    """Logits of the first new token."""
    mask_B_P: Tensor
    """1 for tokens, 0 for left padding."""
    positions_B_1: Tensor
    """Position of each prompt's last token; `(axes, B, 1)` where the model has several axes (M-RoPE)."""


@dataclass(frozen=True)
class TrialPlan:
    """R trials to draw; each field has one entry for each."""

    prompts_R: Tensor
    """int64; the prompt in the prefill."""
    temperatures_R: Tensor
    """float32."""
    top_ps_R: Tensor
    """float64."""
    limits_R: Tensor
    """int64; most new tokens."""
    uniforms_R_T: Tensor
    """float64 in (0, 1); one for each token."""
    end_ids: Tensor
    """int64; tokens that end a sequence (the same for all)."""
    stopped: Callable[[Tensor, Tensor], Tensor] | None = None
    """`(rows, tokens (rows, steps))` -> bool `(rows,)`: does a stop string end it here? None: no trial has one."""


@dataclass(frozen=True)
class Drawn:
    """R sequences of up to T new tokens."""

    tokens_R_T: Tensor
    """int64; meaningless from `lengths_R` on."""
    lengths_R: Tensor
    """int64."""
    logprobs_R: Tensor
    """float64; summed over the sequence, in nats, at temperature 1 before top-p."""
    ended_R: Tensor
    """bool; False where the limit cut the sequence off."""


@torch.inference_mode()
def prefill(model: Any, inputs: Mapping[str, Tensor]) -> Prefill:
    """Run the model once over left-padded prompts and their images."""
    rest = {name: value for name, value in inputs.items() if name != "input_ids"}
    positions = model._prepare_position_ids_for_generation(inputs["input_ids"], dict(inputs))
    prepared = model.prepare_inputs_for_generation(
        inputs["input_ids"], **rest, position_ids=positions, use_cache=True, is_first_iteration=True
    )
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        prepared["logits_to_keep"] = 1
    output = model(**prepared)
    return Prefill(output.past_key_values, output.logits[:, -1], inputs["attention_mask"], positions[..., -1:])


@torch.inference_mode()
def decode(model: Any, prompts: Prefill, plan: TrialPlan) -> Drawn:
    """Draw all trials of `plan`; finished ones are dropped when that pays."""
    steps, rows = plan.uniforms_R_T.shape[1], len(plan.prompts_R)
    state = _Decoding(prompts, plan)
    tokens_R_T = torch.zeros(rows, steps, dtype=torch.long, device=plan.prompts_R.device)
    lengths_R = torch.zeros_like(plan.prompts_R)
    logprobs_R = torch.zeros(rows, dtype=torch.float64, device=plan.prompts_R.device)
    ended_R = torch.zeros(rows, dtype=torch.bool, device=plan.prompts_R.device)
    for step in range(steps):
        live = state.rows
        choice = choose_tokens(
            state.logits, plan.uniforms_R_T[live, step], plan.temperatures_R[live], plan.top_ps_R[live]
        )
        tokens_R_T[live, step] = choice.tokens_R
        lengths_R[live] += state.active
        logprobs_R[live] += torch.where(state.active, choice.logprobs_R.double(), 0.0)
        ended = torch.isin(choice.tokens_R, plan.end_ids)
        if plan.stopped is not None:
            ended |= plan.stopped(live, tokens_R_T[live, : step + 1])
        ended_R[live] |= ended & state.active
        state.active &= ~ended & (step + 1 < plan.limits_R[live])
        if not state.advance(model, choice.tokens_R):
            break
    return Drawn(tokens_R_T, lengths_R, logprobs_R, ended_R)


class _Decoding:
    """The sequences under way: which trials they are, their cache, their next logits."""

    def __init__(self, prompts: Prefill, plan: TrialPlan) -> None:
        room = plan.uniforms_R_T.shape[1]
        self.rows = torch.arange(len(plan.prompts_R), device=plan.prompts_R.device)
        self.active = torch.ones_like(self.rows, dtype=torch.bool)
        self.logits = prompts.logits_B_V.index_select(0, plan.prompts_R)
        self.positions = prompts.positions_B_1.index_select(-2, plan.prompts_R)
        self.length = prompts.mask_B_P.shape[1]
        self.mask: Tensor | None = None
        if not bool(prompts.mask_B_P.all()):
            mask = prompts.mask_B_P.index_select(0, plan.prompts_R)
            self.mask = torch.cat([mask, mask.new_ones(len(mask), room)], dim=1)
        self.cache = prompts.cache
        spread_cache(self.cache, plan.prompts_R, room)

    def advance(self, model: Any, tokens: Tensor) -> bool:
        """Compute the next logits; return False when every sequence is finished."""
        count = int(self.active.sum())
        if count == 0:
            return False
        if count <= _WORTH_DROPPING * len(self.rows):
            tokens = self._drop_finished(tokens)
        self.length += 1
        self.positions = self.positions + 1
        output = model(
            input_ids=tokens[:, None],
            attention_mask=None if self.mask is None else self.mask[:, : self.length],
            position_ids=self.positions,
            past_key_values=self.cache,
            use_cache=True,
        )
        self.logits = output.logits[:, -1]
        return True

    def _drop_finished(self, tokens: Tensor) -> Tensor:
        kept = self.active.nonzero()[:, 0]
        self.rows, self.active = self.rows[kept], self.active[kept]
        self.positions = self.positions.index_select(-2, kept)
        self.mask = None if self.mask is None else self.mask[kept]
        self.cache.reorder_cache(kept)
        return tokens[kept]
