"""How waiting requests enter, and what happens to the others when one of them fails."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from weakref import ref

import pytest
import torch
from trial_sampler import Request
from trial_sampler.hf import HfSampler
from trial_sampler.hf.shared_prefix import SharedPrefixLayer
from trial_sampler.request import Trial, result_of

from .watching import images_run, logits_made, tokens_run


def texts(results: list[Any]) -> list[list[str]]:
    assert [result.error for result in results] == [None] * len(results)
    return [[trial.text for trial in result.trials] for result in results]


def test_waiting_prompts_enter_while_others_are_under_way(llava: Any, processor: Any, ask: Any) -> None:
    requests = [ask(index, n=3, max_new_tokens=2 + 5 * (index % 3)) for index in range(9)]
    with logits_made(llava) as widths:
        found = texts(HfSampler(llava, processor, batch_size=3).sample(requests))
    assert found == texts(HfSampler(llava, processor, batch_size=9).sample(requests))
    assert max(widths) == 9  # three prompts of three trials
    steps = [width for width in widths if width > 1]
    assert sum(steps) == sum(3 * (request.max_new_tokens - 1) for request in requests)
    assert len(steps) < sum(max(r.max_new_tokens for r in requests[start : start + 3]) for start in (0, 3, 6))


def test_requests_of_different_n_share_a_batch(llava: Any, processor: Any, ask: Any) -> None:
    requests = [ask(index, n=1 + 3 * index) for index in range(4)]
    together = texts(HfSampler(llava, processor, batch_size=2).sample(requests))
    assert together == texts([HfSampler(llava, processor).sample([request])[0] for request in requests])


def test_a_draw_may_start_at_any_trial(llava: Any, processor: Any, ask: Any) -> None:
    sampler = HfSampler(llava, processor)
    (whole,) = sampler.sample([ask(0, n=9)])
    (part,) = sampler.sample([ask(0, n=3, first_trial=5)])
    assert [(t.text, t.seed) for t in part.trials] == [(t.text, t.seed) for t in whole.trials[5:8]]


def test_prompts_are_encoded_once_while_they_are_kept(llava: Any, processor: Any, ask: Any) -> None:
    sampler = HfSampler(llava, processor, batch_size=3)
    requests = [ask(index, n=6) for index in range(3)]
    parts = [[replace(request, n=2, first_trial=start) for request in requests] for start in (0, 2, 4)]
    expected = texts(sampler.sample(requests))
    with images_run(llava) as seen:
        with sampler.keeping_prompts():
            found = [texts(sampler.sample(part)) for part in parts]
        sampler.sample(parts[0])
    assert [[text for part in of_one for text in part] for of_one in zip(*found, strict=True)] == expected
    assert seen == [3, 3]  # once while they are kept, and again afterwards
    assert (sampler.reuse.prompts, sampler.reuse.prompts_reused) == (15, 6)
    assert (sampler.reuse.images_encoded, sampler.reuse.images_reused) == (9, 6)


def test_only_the_latest_prompts_are_kept(llava: Any, processor: Any, ask: Any) -> None:
    sampler = HfSampler(llava, processor, batch_size=2)
    requests = [ask(index) for index in range(5)]
    expected = texts(sampler.sample(requests))
    with sampler.keeping_prompts():
        assert texts(sampler.sample(requests)) == texts(sampler.sample(requests[::-1]))[::-1] == expected


def test_running_out_of_memory_begins_again_with_half_as_many(
    llava: Any, processor: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [ask(index) for index in range(6)]
    expected = texts(HfSampler(llava, processor, batch_size=4).sample(requests))
    widest = 2 * requests[0].n

    def too_large(_module: Any, inputs: Any) -> None:
        if inputs[0].shape[1] > widest and inputs[0].shape[0] == 1:
            raise torch.cuda.OutOfMemoryError("out of memory")

    hook = llava.lm_head.register_forward_pre_hook(too_large)
    try:
        assert texts(HfSampler(llava, processor, batch_size=4).sample(requests)) == expected
        widest = 1
        failed = HfSampler(llava, processor, batch_size=4).sample(requests)
    finally:
        hook.remove()
    assert [str(result.error) for result in failed] == ["out_of_memory: out of memory"] * 6


@pytest.mark.parametrize("decoding", ["shared", "rows"])
def test_prompts_that_fail_together_are_freed_before_fewer_of_them_enter(
    llava: Any, processor: Any, ask: Any, decoding: Any
) -> None:
    held: list[ref[torch.Tensor]] = []

    def too_many(_module: Any, inputs: Any) -> None:
        assert [one() for one in held] == [None] * len(held)
        if inputs[0].shape[0] > 1 and inputs[0].shape[1] == 1 and len(held) < 3:  # several prompts enter
            states = torch.zeros(len(held))
            held.append(ref(states))
            raise torch.cuda.OutOfMemoryError("out of memory")

    hook = llava.lm_head.register_forward_pre_hook(too_many)
    try:
        found = HfSampler(llava, processor, decoding=decoding).sample([ask(index, n=1) for index in range(6)])
    finally:
        hook.remove()
    assert [result.error for result in found] == [None] * 6
    assert len(held) == 3


@pytest.mark.parametrize("decoding", ["shared", "rows"])
@pytest.mark.parametrize("is_kept", [False, True])
def test_a_prompt_that_is_too_long_costs_the_others_no_further_pass(
    llava: Any, processor: Any, ask: Any, decoding: Any, is_kept: bool
) -> None:
    good = [ask(index) for index in range(5)]
    mixed = [good[0], ask(5, max_new_tokens=600), *good[1:]]
    runs: list[list[tuple[int, int]]] = []
    for requests in (good, mixed):
        sampler = HfSampler(llava, processor, decoding=decoding)
        with sampler.keeping_prompts() if is_kept else nullcontext(), tokens_run(llava) as seen:
            results = sampler.sample(requests)
        runs.append(seen)
    assert [str(result.error)[:8] for result in results] == ["None", "too_long", "None", "None", "None", "None"]
    assert runs[0] == runs[1]
    assert runs[0][0][0] == 5


def test_a_prompt_that_finishes_as_memory_runs_out_is_not_lost(llava: Any, processor: Any, ask: Any) -> None:
    requests = [ask(0, n=2, max_new_tokens=2), ask(1, n=3, max_new_tokens=6), ask(2, n=3, max_new_tokens=6)]
    expected = texts(HfSampler(llava, processor).sample(requests))
    failures = iter([True])

    def once(_module: Any, inputs: Any) -> None:
        if inputs[0].shape[1] == 6 and next(failures, False):  # the first prompt has just left
            raise torch.cuda.OutOfMemoryError("out of memory")

    hook = llava.lm_head.register_forward_pre_hook(once)
    try:
        assert texts(HfSampler(llava, processor).sample(requests)) == expected
    finally:
        hook.remove()
    assert next(failures, None) is None


def test_memory_that_runs_out_as_a_prompt_enters_costs_nobody_anything(
    llava: Any, processor: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [ask(index, max_new_tokens=4 + 4 * (index % 2)) for index in range(6)]
    expected = texts(HfSampler(llava, processor, batch_size=2).sample(requests))
    append, calls = SharedPrefixLayer.append, iter(range(1000))

    def fail_once(self: SharedPrefixLayer, newer: SharedPrefixLayer) -> None:
        if next(calls) == 1:  # the second layer: the first one holds the new prompt already
            raise torch.cuda.OutOfMemoryError("out of memory")
        append(self, newer)

    monkeypatch.setattr(SharedPrefixLayer, "append", fail_once)
    assert texts(HfSampler(llava, processor, batch_size=2).sample(requests)) == expected
    assert next(calls) > 1


@pytest.mark.parametrize("decoding", ["shared", "rows"])
def test_both_ways_of_decoding_give_the_same_trials(llava: Any, processor: Any, ask: Any, decoding: Any) -> None:
    requests = [ask(index, stop=["7"] if index == 1 else []) for index in range(4)]
    expected = texts(HfSampler(llava, processor).sample(requests))
    assert texts(HfSampler(llava, processor, decoding=decoding, batch_size=3).sample(requests)) == expected


def test_truncated_trials_are_marked_and_can_be_refused(llava: Any, processor: Any, ask: Any) -> None:
    kept, refused = HfSampler(llava, processor).sample(
        [ask(0, max_new_tokens=2), ask(0, max_new_tokens=2, allow_truncated=False)]
    )
    assert any(trial.is_truncated for trial in kept.trials)
    cut = sum(trial.is_truncated for trial in kept.trials)
    assert str(refused.error) == f"truncated: {cut} of 4 trials were cut off at 2 tokens"
    assert refused.trials == ()


def test_a_result_holds_what_was_asked_for_or_an_error() -> None:
    request = Request(id="a", messages=[{"role": "user", "content": "Hello"}], n=2)
    good = Trial("yes", "stop", 2, -0.5, 1)
    assert result_of(request, [good, good]).trials == (good, good)
    assert str(result_of(request, [good]).error) == "wrong_count: expected 2 trials; got 1"
    unsaid = Trial("yes", "stop", None, None, 1)
    assert result_of(request, [good, unsaid]).error is None


def test_the_greedy_trial_is_decoded_once_and_told_n_times(llava: Any, processor: Any, ask: Any) -> None:
    with logits_made(llava) as widths:
        (result,) = HfSampler(llava, processor).sample([ask(0, n=5, temperature=0)])
    assert set(widths) == {1}
    assert len({trial.text for trial in result.trials}) == 1
    assert len({trial.seed for trial in result.trials}) == 5
