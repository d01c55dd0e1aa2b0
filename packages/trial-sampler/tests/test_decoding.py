"""Decoding below the processor, on small random models of several families."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from trial_sampler.hf.decoding import SharedDecoding
from trial_sampler.hf.plans import Drawn, TrialPlan
from trial_sampler.hf.prefilling import prefill
from trial_sampler.hf.prompts import Prompts
from trial_sampler.hf.rows import draw_rows
from trial_sampler.hf.shared_prefix import can_share
from trial_sampler.random_streams import trial_seed, uniforms

from .tiny_families import END, IMAGE, PAD, START
from .watching import logits_made

NEVER = 1000
STEPS = 8
Inputs = dict[str, torch.Tensor]


def qwen_inputs(patch_values: int) -> Inputs:
    """Two prompts of different length, padded on the left, with images of 4 x 4 and 4 x 8 patches."""
    inputs = padded([[START, *[IMAGE] * 4, END, 5, 6], [7, 8, START, *[IMAGE] * 8, END, 9, 10, 11]])
    noise = torch.randn(48, patch_values, generator=torch.Generator().manual_seed(0))
    return inputs | {
        "mm_token_type_ids": (inputs["input_ids"] == IMAGE).int(),
        "image_grid_thw": torch.tensor([[1, 4, 4], [1, 4, 8]]),
        "pixel_values": noise,
    }


def gemma_inputs() -> Inputs:
    inputs = padded([[1, START, *[IMAGE] * 4, END, 5, 6], [1, 7, 8, START, *[IMAGE] * 4, END, 9, 10, 11, 12, 13]])
    noise = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return inputs | {"token_type_ids": (inputs["input_ids"] == IMAGE).int(), "pixel_values": noise}


def padded(rows: list[list[int]]) -> Inputs:
    width = max(map(len, rows))
    return {
        "input_ids": torch.tensor([[PAD] * (width - len(row)) + row for row in rows]),
        "attention_mask": torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows]),
    }


Family = tuple[Any, Inputs]
FAMILIES: dict[str, Callable[[], Inputs]] = {
    "qwen2_vl": lambda: qwen_inputs(3 * 2 * 4 * 4),
    "qwen3_vl": lambda: qwen_inputs(3 * 2 * 4 * 4),
    "gemma3": gemma_inputs,
    "qwen3_5": lambda: qwen_inputs(3 * 2 * 4 * 4),
}
SHARING = ("qwen2_vl", "qwen3_vl", "gemma3")


@pytest.fixture(scope="module")
def families(family: Callable[[str], Any]) -> dict[str, Family]:
    return {name: (family(name), inputs()) for name, inputs in FAMILIES.items()}


def one_prompt(inputs: Inputs, index: int) -> Inputs:
    """One of the two prompts, without the padding that it needs beside the other."""
    real = inputs["attention_mask"][index].bool()
    kept = {name: inputs[name][[index]][:, real] for name in inputs if inputs[name].shape == inputs["input_ids"].shape}
    if "image_grid_thw" in inputs:
        patches = inputs["image_grid_thw"].prod(-1)
        start = int(patches[:index].sum())
        pixels = inputs["pixel_values"][start : start + int(patches[index])]
        return kept | {"image_grid_thw": inputs["image_grid_thw"][[index]], "pixel_values": pixels}
    return kept | {"pixel_values": inputs["pixel_values"][[index]]}


def plan(n: int, seed: int = 0, **changes: Any) -> TrialPlan:
    seeds = np.array([trial_seed(seed, "prompt", k) for k in range(n)], dtype=np.uint64)
    numbers = torch.from_numpy(uniforms(seeds, changes.pop("limit", STEPS)))
    return TrialPlan(**{"temperature": 1.0, "top_p": 0.9, "uniforms_N_T": numbers} | changes)


def step(decoding: SharedDecoding) -> list[tuple[int, Drawn]]:
    finished = decoding.draw()
    decoding.advance()
    return finished


def drawn_together(model: Any, inputs: Inputs, plans: list[TrialPlan], end: int = NEVER) -> list[Drawn]:
    decoding = SharedDecoding(model, model.get_decoder(), torch.tensor([end]))
    decoding.enter(Prompts.of(prefill(model, inputs)), plans, range(len(plans)))
    found: dict[Any, Drawn] = {}
    while len(decoding):
        found.update(step(decoding))
    return [found[index] for index in range(len(plans))]


def assert_equal(one: Drawn, other: Drawn) -> None:
    assert one.lengths_N.tolist() == other.lengths_N.tolist()
    assert one.ended_N.tolist() == other.ended_N.tolist()
    for mine, theirs, length in zip(one.tokens_N_T, other.tokens_N_T, one.lengths_N.tolist(), strict=True):
        assert mine[:length].tolist() == theirs[:length].tolist()
    assert one.logprobs_N.tolist() == pytest.approx(other.logprobs_N.tolist(), abs=1e-3)


@pytest.mark.parametrize("name", SHARING)
def test_greedy_trials_agree_with_generate(families: dict[str, Family], name: str) -> None:
    model, inputs = families[name]
    drawn = drawn_together(model, inputs, [plan(2, temperature=0.0), plan(3, temperature=0.0)])
    with torch.inference_mode():
        expected = model.generate(**inputs, do_sample=False, max_new_tokens=STEPS)[:, -STEPS:]
    for index, trials in enumerate(drawn):
        assert trials.lengths_N.tolist() == [STEPS] * len(trials.lengths_N)
        assert all(row == expected[index].tolist() for row in trials.tokens_N_T.tolist())


@pytest.mark.parametrize("name", SHARING)
def test_a_shared_prompt_gives_the_trials_of_copied_ones(families: dict[str, Family], name: str) -> None:
    model, inputs = families[name]
    plans = [plan(5, 1, limit=12), plan(2, 2)]
    copied = draw_rows(model, prefill(model, inputs), plans, torch.tensor([7]))
    for one, other in zip(drawn_together(model, inputs, plans, end=7), copied, strict=True):
        assert_equal(one, other)


@pytest.mark.parametrize("name", SHARING)
def test_a_prompt_that_enters_later_changes_nothing(families: dict[str, Family], name: str) -> None:
    model, inputs = families[name]
    plans = [plan(4, 1), plan(3, 2, limit=STEPS + 4)]
    apart = [drawn_together(model, one_prompt(inputs, index), [plans[index]])[0] for index in (0, 1)]
    decoding = SharedDecoding(model, model.get_decoder(), torch.tensor([NEVER]))
    decoding.enter(Prompts.of(prefill(model, one_prompt(inputs, 0))), plans[:1], [10])
    found = [pair for _ in range(3) for pair in step(decoding)]
    decoding.enter(Prompts.of(prefill(model, one_prompt(inputs, 1))), plans[1:], [20])
    while len(decoding):
        found += step(decoding)
    assert [key for key, _ in found] == [10, 20]
    for (_, together), alone in zip(found, apart, strict=True):
        assert_equal(together, alone)


def test_finished_trials_leave_and_the_others_go_on_unchanged(families: dict[str, Family]) -> None:
    model, inputs = families["qwen2_vl"]
    whole = drawn_together(model, inputs, [plan(4), plan(4, 3)])
    third = int(whole[0].tokens_N_T[1, 2])
    with logits_made(model) as widths:
        cut = drawn_together(model, inputs, [plan(4), plan(4, 3)], end=third)
    ends = [(row.index(third) + 1 if third in row else STEPS) for trials in whole for row in trials.tokens_N_T.tolist()]
    assert [length for trials in cut for length in trials.lengths_N.tolist()] == ends
    assert widths[1:] == [sum(end > step for end in ends) for step in range(1, max(ends))]
    for before, after in zip(whole, cut, strict=True):
        for row, (length, ended) in enumerate(zip(after.lengths_N.tolist(), after.ended_N.tolist(), strict=True)):
            assert after.tokens_N_T[row, :length].tolist() == before.tokens_N_T[row, :length].tolist()
            assert ended == (third in before.tokens_N_T[row].tolist())


def test_the_prompts_cache_is_kept_once_however_many_trials(families: dict[str, Family]) -> None:
    model, inputs = families["qwen2_vl"]
    decoding = SharedDecoding(model, model.get_decoder(), torch.tensor([NEVER]))
    decoding.enter(Prompts.of(prefill(model, one_prompt(inputs, 1))), [plan(64)], [0])
    step(decoding)
    layer = decoding._cache.shared_layers[0]
    assert layer.prompt_keys.shape[0] == 1
    assert layer.own_keys.shape[:2] == (1, 64)


def test_layers_with_a_recurrent_state_are_copied_and_agree_with_generate(families: dict[str, Family]) -> None:
    model, inputs = families["qwen3_5"]
    prompts = prefill(model, inputs)
    assert not can_share(prompts.cache, 2)
    drawn = draw_rows(model, prompts, [plan(2, temperature=0.0)] * 2, torch.tensor([NEVER]))
    with torch.inference_mode():
        expected = model.generate(**inputs, do_sample=False, max_new_tokens=STEPS)[:, -STEPS:]
    for trials, wanted in zip(drawn, expected, strict=True):
        assert trials.tokens_N_T.tolist() == [wanted.tolist()] * 2


def test_the_models_own_attention_is_back_after_sampling(families: dict[str, Family]) -> None:
    model, inputs = families["qwen2_vl"]
    before = model.get_decoder().config._attn_implementation
    drawn_together(model, inputs, [plan(2), plan(2)])
    assert model.get_decoder().config._attn_implementation == before != "trial_sampler_shared_prefix"


def test_a_stop_rule_ends_its_own_prompts_trials_alone(families: dict[str, Family]) -> None:
    model, inputs = families["qwen2_vl"]
    stopping = plan(3, stopped=lambda tokens: torch.full((len(tokens),), tokens.shape[1] >= 2))
    first, second = drawn_together(model, inputs, [stopping, plan(3)])
    assert first.lengths_N.tolist() == [2, 2, 2]
    assert first.ended_N.all()
    assert second.lengths_N.tolist() == [STEPS] * 3


@pytest.mark.parametrize("name", SHARING)
def test_kept_prompts_are_joined_as_if_prefilled_together(families: dict[str, Family], name: str) -> None:
    model, inputs = families[name]
    plans = [plan(3, 1), plan(2, 2)]
    parts = [Prompts.of(prefill(model, one_prompt(inputs, index))) for index in (0, 1)]
    decoding = SharedDecoding(model, model.get_decoder(), torch.tensor([NEVER]))
    decoding.enter(Prompts.joined(parts), plans, [0, 1])
    found: dict[int, Drawn] = {}
    while len(decoding):
        found.update(step(decoding))
    for index, expected in enumerate(drawn_together(model, inputs, plans)):
        assert_equal(found[index], expected)
