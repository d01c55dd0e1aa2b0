"""One sequence for each trial, with a copy of its prompt's cache: for models whose layers keep a recurrent state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from trial_sampler.hf.cache_names import cache_argument
from trial_sampler.hf.choosing import choose_tokens
from trial_sampler.hf.plans import Drawn, TrialPlan, joined_uniforms
from trial_sampler.hf.prefilling import Prefill
from trial_sampler.hf.row_caches import spread_cache

# Moving the live rows together copies their cache once, which costs about one step: worth it when a quarter is done.
_WORTH_DROPPING = 0.75


@torch.inference_mode()
def draw_rows(model: Any, prompts: Prefill, plans: Sequence[TrialPlan], end_ids: Tensor) -> list[Drawn]:
    """Draw all trials of all prompts; finished ones are dropped when that pays."""
    device = end_ids.device
    numbers_R_T, counts = joined_uniforms(plans), torch.tensor([plan.n for plan in plans], device=device)
    rows, steps = numbers_R_T.shape
    limits_R = _each([plan.limit for plan in plans], counts)
    temperatures_R = _each([plan.temperature for plan in plans], counts).float()
    top_ps_R = _each([plan.top_p for plan in plans], counts).double()
    state = _Decoding(prompts, torch.arange(len(plans), device=device).repeat_interleave(counts), steps)
    drawn = Drawn(
        tokens_N_T=torch.zeros(rows, steps, dtype=torch.long, device=device),
        lengths_N=torch.zeros(rows, dtype=torch.long, device=device),
        logprobs_N=torch.zeros(rows, dtype=torch.float64, device=device),
        ended_N=torch.zeros(rows, dtype=torch.bool, device=device),
    )
    for step in range(steps):
        live = state.rows
        choice = choose_tokens(state.logits, numbers_R_T[live, step], temperatures_R[live], top_ps_R[live])
        drawn.tokens_N_T[live, step] = choice.tokens_R
        drawn.lengths_N[live] += state.active
        drawn.logprobs_N[live] += torch.where(state.active, choice.logprobs_R.double(), 0.0)
        ended = torch.isin(choice.tokens_R, end_ids) | _stopped(plans, counts, live, drawn.tokens_N_T[live, : step + 1])
        drawn.ended_N[live] |= ended & state.active
        state.active &= ~ended & (step + 1 < limits_R[live])
        if not state.advance(model, choice.tokens_R):
            break
    return _by_prompt(drawn, plans)


def _each(values: list[Any], counts: Tensor) -> Tensor:
    return torch.tensor(values, device=counts.device).repeat_interleave(counts)


def _stopped(plans: Sequence[TrialPlan], counts: Tensor, live: Tensor, tokens: Tensor) -> Tensor:
    found = torch.zeros_like(live, dtype=torch.bool)
    prompts_R = torch.arange(len(plans), device=live.device).repeat_interleave(counts)[live]
    for index, plan in enumerate(plans):
        if plan.stopped is not None:
            mine = prompts_R == index
            found[mine] = plan.stopped(tokens[mine])
    return found


def _by_prompt(drawn: Drawn, plans: Sequence[TrialPlan]) -> list[Drawn]:
    counts = [plan.n for plan in plans]
    fields = (drawn.tokens_N_T, drawn.lengths_N, drawn.logprobs_N, drawn.ended_N)
    return [Drawn(*parts) for parts in zip(*(values.split(counts) for values in fields), strict=True)]


class _Decoding:
    """The sequences under way: which trials they are, their cache, their next logits."""

    def __init__(self, prompts: Prefill, prompts_R: Tensor, room: int) -> None:
        self.rows = torch.arange(len(prompts_R), device=prompts_R.device)
        self.active = torch.ones_like(self.rows, dtype=torch.bool)
        self.logits = prompts.logits_B_V.index_select(0, prompts_R)
        self.positions = prompts.positions_B_1.index_select(-2, prompts_R)
        self.length = prompts.mask_B_P.shape[1]
        self.mask: Tensor | None = None
        if not bool(prompts.mask_B_P.all()):
            mask = prompts.mask_B_P.index_select(0, prompts_R)
            self.mask = torch.cat([mask, mask.new_ones(len(mask), room)], dim=1)
        self.cache = prompts.cache
        spread_cache(self.cache, prompts_R, room)

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
            use_cache=True,
            **cache_argument(self.cache),
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
