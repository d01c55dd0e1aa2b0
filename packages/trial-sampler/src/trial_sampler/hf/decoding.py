"""All trials of several prompts, step by step; finished trials leave, waiting prompts enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from trial_sampler.hf.cache_names import cache_argument
from trial_sampler.hf.choosing import choose_tokens
from trial_sampler.hf.plans import Drawn, TrialPlan
from trial_sampler.hf.prompts import Prompts
from trial_sampler.hf.shared_attention import attending
from trial_sampler.hf.shared_prefix import Grid, SharedPrefixCache

# Closing up copies what is left once, which costs about one step: worth it when a quarter is gone.
_WORTH_CLOSING_UP = 0.75


@dataclass
class _Seat:
    """One prompt under way."""

    key: int
    plan: TrialPlan
    drawn: Drawn
    position: Tensor
    """Of the prompt's last token, `(1,)` or `(axes, 1)`."""
    live: Tensor
    """The trials that go on, ascending."""
    lanes: Tensor
    """Their lanes in the cache."""
    steps: int = 0


@dataclass
class SharedDecoding:
    """Draws trials of up to any number of prompts side by side, each prompt's cache kept once.

    Prompts may enter at any step. A model runs one sequence of R tokens a step, one for each live trial of each prompt.
    """

    model: Any
    decoder: Any
    """The text model within `model`, whose attention reads the cache."""
    end_ids: Tensor
    """int64; tokens that end a sequence."""
    _seats: list[_Seat] = field(default_factory=list[_Seat])
    _lanes: int = 0
    _cache: SharedPrefixCache | None = None
    _logits_R_V: Tensor | None = None
    _tokens_R: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))

    def __len__(self) -> int:
        """Return the number of prompts under way."""
        return len(self._under_way)

    @property
    def keys(self) -> list[int]:
        """The keys of the prompts under way."""
        return [seat.key for seat in self._under_way]

    @property
    def _under_way(self) -> list[_Seat]:
        return [seat for seat in self._seats if len(seat.live)]

    @torch.inference_mode()
    def enter(self, prompts: Prompts, plans: Sequence[TrialPlan], keys: Sequence[int]) -> None:
        """Let prompts in; each `key` comes back with what its prompt's trials drew.

        If this raises while others are under way, nothing but `drop` is left to do for them.
        """
        lanes = max(plan.n for plan in plans)
        cache = SharedPrefixCache(prompts.layers, prompts.mask_B_P, lanes)
        seats = [
            _seat(key, plan, prompts.positions_B_1[..., index, :])
            for index, (key, plan) in enumerate(zip(keys, plans, strict=True))
        ]
        of_trial = torch.tensor(
            [index for index, plan in enumerate(plans) for _ in range(plan.n)], device=self.end_ids.device
        )
        logits_R_V = prompts.logits_B_V[of_trial]
        if self._cache is None or self._logits_R_V is None:
            self._cache, self._lanes, self._logits_R_V = cache, lanes, logits_R_V
        else:
            self._close_up(1 - 1e-9)
            self._cache.append(cache)
            self._lanes = max(self._lanes, lanes)
            self._logits_R_V = torch.cat([self._logits_R_V, logits_R_V])
        self._seats += seats

    @torch.inference_mode()
    def draw(self) -> list[tuple[int, Drawn]]:
        """Draw one token for each live trial; return the prompts all of whose trials are finished."""
        assert self._logits_R_V is not None, "draw() needs a prompt, and advance() after the last draw"
        before = self._under_way
        uniforms_R, temperatures_R, top_ps_R = self._settings(before)
        choice = choose_tokens(self._logits_R_V, uniforms_R, temperatures_R, top_ps_R)
        going_on_R = _record(before, choice.tokens_R, choice.logprobs_R.double(), self.end_ids)
        self._tokens_R, self._logits_R_V = choice.tokens_R[going_on_R], None
        return [(seat.key, seat.drawn) for seat in before if not len(seat.live)]

    @torch.inference_mode()
    def advance(self) -> None:
        """Compute the next logits of the trials that go on; if this raises, nothing but `drop` is left to do."""
        if not len(self):
            self.drop()
            return
        self._close_up(_WORTH_CLOSING_UP)
        self._logits_R_V = self._run(self._tokens_R)

    def drop(self) -> None:
        """Forget all prompts under way."""
        self._seats, self._cache, self._logits_R_V = [], None, None

    def _settings(self, seats: Sequence[_Seat]) -> tuple[Tensor, Tensor, Tensor]:
        device = self.end_ids.device
        counts = torch.tensor([len(seat.live) for seat in seats], device=device)
        temperatures = torch.tensor([seat.plan.temperature for seat in seats], device=device)
        top_ps = torch.tensor([seat.plan.top_p for seat in seats], dtype=torch.float64, device=device)
        uniforms_R = torch.cat([seat.plan.uniforms_N_T[seat.live, seat.steps] for seat in seats])
        return uniforms_R, temperatures.repeat_interleave(counts), top_ps.repeat_interleave(counts)

    def _close_up(self, most_filled: float) -> None:
        """Drop finished prompts and empty lanes from the cache if at most a share of its places is in use."""
        assert self._cache is not None, "only prompts under way are closed up"
        kept = [index for index, seat in enumerate(self._seats) if len(seat.live)]
        lanes = max(len(self._seats[index].live) for index in kept)
        if len(kept) * lanes > most_filled * len(self._seats) * self._lanes:
            return
        self._seats, self._lanes = [self._seats[index] for index in kept], lanes
        rows = [torch.nn.functional.pad(seat.lanes, (0, lanes - len(seat.lanes))) for seat in self._seats]
        self._cache.keep(torch.tensor(kept, device=self.end_ids.device), torch.stack(rows))
        for seat in self._seats:
            seat.lanes = torch.arange(len(seat.live), device=self.end_ids.device)

    def _run(self, tokens_R: Tensor) -> Tensor:
        """Return the next logits of the trials that go on."""
        assert self._cache is not None, "only prompts under way are run"
        device = tokens_R.device
        counts = torch.tensor([len(seat.live) for seat in self._seats], device=device)
        slots_R = torch.arange(len(self._seats), device=device).repeat_interleave(counts)
        latest = max(seat.steps for seat in self._under_way)  # finished prompts keep in step, so that no mask is needed
        steps_B = torch.tensor([(seat.steps if len(seat.live) else latest) - 1 for seat in self._seats], device=device)
        self._cache.place(Grid.of(slots_R, torch.cat([seat.lanes for seat in self._seats]), steps_B, self._lanes))
        last_B = torch.cat([seat.position for seat in self._seats], dim=-1)
        positions_R = (last_B + 1 + steps_B)[..., slots_R]
        with attending(self.decoder, self._cache):
            output = self.model(
                input_ids=tokens_R[None],
                position_ids=positions_R.unsqueeze(-2),
                use_cache=True,
                **cache_argument(self._cache),
            )
        return output.logits[0]


def _seat(key: int, plan: TrialPlan, position: Tensor) -> _Seat:
    trials = torch.arange(plan.n, device=position.device)
    drawn = Drawn(
        tokens_N_T=torch.zeros_like(plan.uniforms_N_T, dtype=torch.long),
        lengths_N=torch.zeros_like(trials),
        logprobs_N=torch.zeros_like(trials, dtype=torch.float64),
        ended_N=torch.zeros_like(trials, dtype=torch.bool),
    )
    return _Seat(key, plan, drawn, position, live=trials, lanes=trials)


def _record(seats: Sequence[_Seat], tokens_R: Tensor, logprobs_R: Tensor, end_ids: Tensor) -> Tensor:
    """Note one token for each live trial; return which of them go on."""
    ended_R = torch.isin(tokens_R, end_ids)
    counts = [len(seat.live) for seat in seats]
    parts = (values.split(counts) for values in (tokens_R, logprobs_R, ended_R))
    going_on_R = torch.cat([_note(seat, *values) for seat, *values in zip(seats, *parts, strict=True)])
    if not bool(going_on_R.all()):
        for seat, kept in zip(seats, going_on_R.split(counts), strict=True):
            seat.live, seat.lanes = seat.live[kept], seat.lanes[kept]
    return going_on_R


def _note(seat: _Seat, tokens: Tensor, logprobs: Tensor, ended: Tensor) -> Tensor:
    drawn, live = seat.drawn, seat.live
    drawn.tokens_N_T[live, seat.steps] = tokens
    drawn.lengths_N[live] += 1
    drawn.logprobs_N[live] += logprobs
    seat.steps += 1
    if seat.plan.stopped is not None:
        ended = ended | seat.plan.stopped(drawn.tokens_N_T[live, : seat.steps])
    drawn.ended_N[live] = ended
    return ~ended if seat.steps < seat.plan.limit else torch.zeros_like(ended)
