"""How questions are put together in passes of a score, and what happens to the others when one of them fails."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from weakref import ref

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from trial_sampler.hf import HfSampler, branching, rounds
from trial_sampler.hf.passes import passes

from .asking import question, questions
from .outcomes import scores, whole
from .watching import images_processed, tokens_run


@contextmanager
def grids_made(monkeypatch: pytest.MonkeyPatch) -> Generator[list[tuple[int, int]]]:
    """Notes how many ends, of how many tokens at most, attention puts on a grid each time."""
    seen: list[tuple[int, int]] = []
    plain = branching._Bundle

    def noting(*args: Any) -> Any:
        bundle = plain(*args)
        seen.append(bundle.shape)
        return bundle

    with monkeypatch.context() as patch:
        patch.setattr(branching, "_Bundle", noting)
        yield seen


@pytest.mark.parametrize(("short", "images"), [(5, 1), (40, 1), (20, 2)])
def test_a_long_question_runs_apart_and_leaves_the_grid_of_the_short_ones_small(
    llava: Any, processor: Any, monkeypatch: pytest.MonkeyPatch, short: int, images: int
) -> None:
    requests = questions(images, short)
    long = question(1, "7 " * 180)
    requests.insert(short // 2, long)
    sampler = HfSampler(llava, processor)
    with grids_made(monkeypatch) as grids, tokens_run(llava) as seen:
        found = scores(sampler, requests)
    assert found == whole(llava, processor, requests)
    widest = max(grids, key=lambda grid: grid[1])
    assert widest[0] == 1
    assert widest[1] > 350
    rest = [grid for grid in grids if grid != widest]
    assert sum(ends for ends, _ in rest) == images * (short - 1)  # the first question about each image is no end
    assert max(tokens for _, tokens in rest) < 32
    assert len(seen) <= 4


def test_ends_of_one_length_fill_their_grid(llava: Any, processor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [question(1, f"5 6 {10 + index}") for index in range(9)]
    with grids_made(monkeypatch) as grids, tokens_run(llava) as seen:
        scores(HfSampler(llava, processor), requests)
    ((ends, tokens),) = grids
    assert (ends, seen[1:]) == (8, [(1, 8 * tokens)])


@given(st.lists(st.one_of(st.integers(1, 40), st.integers(1, 3000)), max_size=60), st.integers(1, 6000))
def test_passes_hold_each_end_once_and_are_at_most_half_empty(rests: list[int], most_places: int) -> None:
    found = list(passes(dict(enumerate(rests)), most_places))
    assert sorted(row for some in found for row in some) == list(range(len(rests)))
    for some in found:
        places, tokens = len(some) * max(rests[row] for row in some), sum(rests[row] for row in some)
        assert len(some) == 1 or places <= most_places
        assert places - tokens <= max(tokens, 1024)


@given(st.integers(1, 50), st.integers(1, 50), st.integers(50, 500))
def test_ends_of_one_length_run_in_as_few_passes_as_fit(count: int, rest: int, most_places: int) -> None:
    assert len(list(passes(dict.fromkeys(range(count), rest), most_places))) == -(-count // (most_places // rest))


def test_one_that_fails_leaves_those_about_the_same_picture_alone(llava: Any, processor: Any) -> None:
    requests = questions(1, 4)
    requests[0] = question(1, "word1 " * 600)  # of 512 positions
    requests[2] = question(1, "日本", choices=("日本", "no"))
    results = HfSampler(llava, processor).score(requests)
    assert [one.error.reason if one.error else None for one in results] == ["too_long", None, "choices", None]
    good = [requests[1], requests[3]]
    assert [(*one.probabilities, one.mass) for one in results if not one.error] == whole(llava, processor, good)


@pytest.mark.parametrize("decoding", ["auto", "rows"])
def test_a_prompt_that_is_too_long_costs_the_others_no_further_pass(llava: Any, processor: Any, decoding: Any) -> None:
    good = questions(2, 3)
    mixed = [*good[:2], question(1, "word1 " * 600), *good[2:], question(2, "word1 " * 700)]
    with tokens_run(llava) as expected:
        scores(HfSampler(llava, processor, decoding=decoding), good)
    sampler = HfSampler(llava, processor, decoding=decoding)
    with tokens_run(llava) as seen, images_processed(processor) as processed:
        results = sampler.score(mixed)
    assert [one.error is None for one in results] == [True, True, False, True, True, True, True, False]
    assert str(results[2].error).startswith("too_long: prompt and new tokens must fit in 512 positions; got ")
    assert seen == expected
    assert len(processed) == (1 if decoding == "auto" else 2)
    assert sampler.reuse.prompts == 6


def test_a_call_whose_prompts_are_all_too_long_runs_nothing(llava: Any, processor: Any) -> None:
    with tokens_run(llava) as seen:
        results = HfSampler(llava, processor).score([question(1, "word1 " * count) for count in (600, 700)])
    assert [one.error.reason if one.error else None for one in results] == ["too_long", "too_long"]
    assert seen == []


def test_a_pass_that_fails_is_halved(llava: Any, processor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def failing(network: Any, rows: Any, prefixes: Any) -> torch.Tensor:
        sizes.append(len(rows))
        if len(rows) > 2:
            raise torch.cuda.OutOfMemoryError("no room")
        return branching.logits_behind(network, rows, prefixes)

    monkeypatch.setattr(rounds, "logits_behind", failing)
    requests = questions(2, 6)
    assert scores(HfSampler(llava, processor), requests) == whole(llava, processor, requests)
    assert max(sizes) == 10


def test_a_failed_pass_is_freed_before_the_next_one_runs(
    llava: Any, processor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[ref[torch.Tensor]] = []

    def failing(network: Any, rows: Any, prefixes: Any) -> torch.Tensor:
        assert [one() for one in held] == [None] * len(held)
        if len(rows) > 1:
            states = torch.zeros(len(rows))
            held.append(ref(states))
            raise torch.cuda.OutOfMemoryError("no room")
        return branching.logits_behind(network, rows, prefixes)

    monkeypatch.setattr(rounds, "logits_behind", failing)
    scores(HfSampler(llava, processor), questions(1, 6))
    assert len(held) > 2


def test_passes_before_one_that_fails_are_not_run_again(
    llava: Any, processor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[int, ...]] = []
    calls = iter(range(1000))

    def failing(network: Any, rows: Any, prefixes: Any) -> torch.Tensor:
        if next(calls) == 2:
            raise torch.cuda.OutOfMemoryError("no room")
        done.extend(tuple(row.content.ids_P.tolist()) for row in rows)
        return branching.logits_behind(network, rows, prefixes)

    monkeypatch.setattr(rounds, "logits_behind", failing)
    requests = questions(1, 30)
    sampler = HfSampler(llava, processor, batch_size=2)
    assert scores(sampler, requests) == whole(llava, processor, requests)
    assert next(calls) > 5
    assert len(done) == len(set(done)) == 29  # all but the first, with which the image is encoded
    assert (sampler.reuse.prompts, sampler.reuse.prompts_reused, sampler.reuse.images_encoded) == (30, 29, 1)
