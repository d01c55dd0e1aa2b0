"""What comes out of a sampler, in a form to compare, and what was reused for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from trial_sampler import ChoiceRequest, Request
from trial_sampler.hf import HfSampler, Reuse


def found(sampler: HfSampler, requests: Sequence[Request]) -> list[Any]:
    """The trials of requests none of which fails."""
    results = sampler.sample(requests)
    assert [one.error for one in results] == [None] * len(results)
    return [[(t.text, t.tokens, t.seed, pytest.approx(t.logprob, abs=1e-3)) for t in one.trials] for one in results]


def scores(sampler: HfSampler, requests: Sequence[ChoiceRequest]) -> list[tuple[float, ...]]:
    """The probabilities of the choices, and their mass, of requests none of which fails."""
    results = sampler.score(requests)
    assert [one.id for one in results] == [one.id for one in requests]
    assert [one.error for one in results] == [None] * len(results)
    return [(*one.probabilities, one.mass) for one in results]


def whole(model: Any, processor: Any, requests: Sequence[ChoiceRequest]) -> list[Any]:
    """The scores of prompts that are encoded whole, one after the other."""
    sampler = HfSampler(model, processor, batch_size=1, decoding="rows")
    found = scores(sampler, requests)
    assert sampler.reuse.prompts_reused == 0
    return [pytest.approx(one, abs=1e-5) for one in found]


def gained(sampler: HfSampler, requests: Sequence[Any]) -> tuple[list[Any], Reuse]:
    """What came out of trials or of scores, and what was reused for it."""
    before = sampler.reuse
    results = (found if isinstance(requests[0], Request) else scores)(sampler, requests)
    pairs = zip(vars(sampler.reuse).values(), vars(before).values(), strict=True)
    return results, Reuse(*(now - then for now, then in pairs))
