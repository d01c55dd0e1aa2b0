"""Scores of many questions about the same pictures: these are encoded once, and whole prompts would score the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from trial_sampler import Request
from trial_sampler.hf import HfSampler
from trial_sampler.hf import prompt_inputs as layouts

from .asking import CROP, KNOWN, length_of, picture, question, questions, user
from .outcomes import gained, scores, whole
from .watching import tokens_run

Pair = tuple[Any, Any]


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize("name", KNOWN)
def test_questions_about_a_picture_encode_it_once_and_score_as_whole_prompts(
    pair: Callable[[str], Pair], name: str, is_kept: bool
) -> None:
    model, processor = pair(name)
    requests = questions(2, 5, name)
    sampler = HfSampler(model, processor)
    with sampler.keeping_prompts() if is_kept else nullcontext(), tokens_run(model) as seen:
        found = scores(sampler, requests)
    assert found == whole(model, processor, requests)
    assert len({round(one[0], 6) for one in found}) > 5  # the questions differ, or this would say nothing
    reuse = sampler.reuse
    assert (reuse.prompts, reuse.prompts_reused, reuse.images_encoded, reuse.images_reused) == (10, 8, 2, 8)
    (first_rows, _), *rest = seen
    assert first_rows == 2
    assert [rows for rows, _ in rest] == [1] * len(rest)  # the ends of eight prompts are one sequence
    assert sum(tokens for _, tokens in rest) < 8 * 16


def test_pictures_are_known_by_their_pixels_whatever_object_holds_them(llava: Any, processor: Any) -> None:
    requests = [replace(one, images=[one.images[0].copy()]) for one in questions(2, 10)]
    sampler = HfSampler(llava, processor, batch_size=4)
    assert scores(sampler, requests) == whole(llava, processor, requests)
    assert sampler.reuse.images_encoded == 2


@pytest.mark.parametrize("seed", range(6))
def test_neither_order_nor_batch_size_nor_what_was_kept_changes_scores(llava: Any, processor: Any, seed: int) -> None:
    requests = [*questions(3, 4), *(question(0, text, messages=[user(text)], images=[]) for text in ("5", "6 7"))]
    for index in (1, 2):
        changes = {"messages": [user("9", 2)], "images": [picture(1), picture(index)]}
        requests.append(question(1, f"9 and picture {index}", **changes))
    expected = dict(zip([one.id for one in requests], whole(llava, processor, requests), strict=True))
    random = Random(seed)
    random.shuffle(requests)
    sampler = HfSampler(llava, processor, batch_size=random.choice([1, 2, 5, 40]))
    with sampler.keeping_prompts(most=random.choice([1, 9])) if seed % 2 else nullcontext():
        found = scores(sampler, requests[:7]) + scores(sampler, requests[7:])
    assert found == [expected[one.id] for one in requests]


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_picture_is_encoded_once_however_many_questions_and_however_mixed(
    llava: Any, processor: Any, batch_size: int
) -> None:
    pictures = [picture(index) for index in range(4)]
    requests = [replace(question(0, f"5 {index}"), images=[pictures[index % 4]]) for index in range(80)]
    sampler = HfSampler(llava, processor, batch_size=batch_size)
    found = scores(sampler, requests)
    assert (sampler.reuse.images_encoded, sampler.reuse.images_reused) == (4, 76)
    assert found[::9] == whole(llava, processor, requests[::9])


def test_a_pass_holds_no_more_tokens_than_batch_size_whole_prompts(llava: Any, processor: Any) -> None:
    requests = questions(1, 30)
    sampler = HfSampler(llava, processor, batch_size=2)
    with tokens_run(llava) as seen:
        scores(sampler, requests)
    longest = max(length_of(processor, one) for one in requests)
    assert max(rows * tokens for rows, tokens in seen) <= 2 * longest
    assert len(seen) < 15


def test_requests_that_share_nothing_run_as_before(llava: Any, processor: Any) -> None:
    requests = [question(index, "5 6") for index in range(5)]
    sampler, before = (HfSampler(llava, processor, batch_size=3, decoding=how) for how in ("auto", "rows"))
    with tokens_run(llava) as seen:
        found = scores(sampler, requests)
    with tokens_run(llava) as seen_before:
        assert found == [pytest.approx(one, abs=1e-6) for one in scores(before, requests)]
    assert seen == seen_before
    assert sampler.reuse.prompts_reused == 0


def test_a_text_that_many_prompts_begin_with_is_encoded_once(llava: Any, processor: Any) -> None:
    long = "word1 word2 word3 word4 " * 10
    requests = [question(0, end, messages=[user(long + end)], images=[]) for end in ("5", "6 7", "8", "9 10 11")]
    sampler = HfSampler(llava, processor)
    assert scores(sampler, requests) == whole(llava, processor, requests)
    assert sampler.reuse.prompts_reused == 3
    assert sampler.reuse.tokens_reused > 3 * 40


@pytest.mark.parametrize("name", KNOWN)
def test_scores_go_on_from_what_sample_left_and_sample_from_what_score_left(
    pair: Callable[[str], Pair], name: str
) -> None:
    model, processor = pair(name)
    draw = Request(id="draw", messages=[user("5 6 7", images=1)], images=[picture(1)], n=2, max_new_tokens=4)
    other = replace(draw, id="other", messages=[user("5 9", images=1)], images=[picture(2)])
    asked = [question(image, text, name) for image in (1, 2) for text in ("5 6 9", "11")]
    expected = [HfSampler(model, processor).sample([one])[0].trials for one in (draw, other)]
    sampler = HfSampler(model, processor)
    with sampler.keeping_prompts():
        drawn = [sampler.sample([draw])[0].trials]
        found, reuse = gained(sampler, asked)
        before = sampler.reuse.images_encoded
        drawn.append(sampler.sample([other])[0].trials)
        again, nothing = gained(sampler, [replace(asked[2], id="again", choices=tuple(reversed(asked[2].choices)))])
    assert found == whole(model, processor, asked)
    assert (reuse.prompts_reused, reuse.images_encoded, reuse.images_reused) == (3, 1, 3)
    assert sampler.reuse.images_encoded == before == 2
    assert [[one.text for one in trials] for trials in drawn] == [[one.text for one in trials] for trials in expected]
    assert (nothing.tokens_encoded, nothing.prompts_reused) == (0, 1)  # the first question about the second image
    assert again[0][:2] == pytest.approx(found[2][1::-1])


@pytest.mark.parametrize("name", ["llava", "qwen2_vl", "gemma3", "gemma3 that sees far"])
def test_a_further_turn_without_a_picture_is_scored_from_the_kept_one_on(
    pair: Callable[[str], Pair], name: str
) -> None:
    """The first layer of one model sees 6 tokens back, across the end of what is kept."""
    model, processor = pair(name)
    draw = Request(id="draw", messages=[user("5 6 7", images=1)], images=[picture(1)], max_new_tokens=4)
    turns = [*draw.messages, {"role": "assistant", "content": "7 9"}]
    asked = [question(1, text, name, messages=[*turns, user(text)]) for text in ("5", "6 7 9 10 11 12 13 14", "9 9")]
    sampler = HfSampler(model, processor)
    with sampler.keeping_prompts(), tokens_run(model) as seen:
        sampler.sample([draw])
        del seen[:]
        found, reuse = gained(sampler, asked)
    assert found == whole(model, processor, asked)
    assert (reuse.prompts_reused, reuse.images_encoded) == (3, 0)
    assert [rows for rows, _ in seen] == [1]


@pytest.mark.parametrize("name", KNOWN)
def test_questions_about_a_crop_behind_a_picture_encode_both_once(pair: Callable[[str], Pair], name: str) -> None:
    model, processor = pair(name)
    turns = [user("5 6", images=1), {"role": "assistant", "content": "7 9"}]
    crops = [CROP, picture(51)]
    asked = [
        question(1, text, name, messages=[*turns, user(text, images=1)], images=[picture(1), crop])
        for crop in crops for text in ("6 7", "10", "11 12 9")
    ]  # fmt: skip
    sampler = HfSampler(model, processor)
    found = scores(sampler, asked)
    assert found == whole(model, processor, asked)
    assert (sampler.reuse.images_encoded, sampler.reuse.images_reused) == (3, 9)


def test_many_questions_about_a_picture_do_not_evict_others(llava: Any, processor: Any) -> None:
    sampler = HfSampler(llava, processor)
    with sampler.keeping_prompts(most=3):
        scores(sampler, questions(3, 20))
        _, reuse = gained(sampler, questions(3, 1))
    assert (reuse.images_encoded, reuse.images_reused) == (0, 3)


def test_fewer_kept_prompts_than_pictures_still_encode_each_once_in_a_call(llava: Any, processor: Any) -> None:
    requests = questions(4, 5)
    sampler = HfSampler(llava, processor)
    with sampler.keeping_prompts(most=1):
        assert scores(sampler, requests) == whole(llava, processor, requests)
    assert sampler.reuse.images_encoded == 4


@pytest.mark.parametrize("name", ["llava", "gemma3", "qwen3_5"])
def test_where_it_is_not_known_to_be_right_prompts_are_encoded_whole(
    pair: Callable[[str], Pair], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A family that is not listed, a window that has dropped what is needed, recurrent layers."""
    if name == "llava":
        monkeypatch.delitem(layouts._FAMILIES, name)
    model, processor = pair(name)
    requests = questions(2, 3, name)
    sampler = HfSampler(model, processor)
    with sampler.keeping_prompts():
        found, reuse = gained(sampler, requests)
    assert found == whole(model, processor, requests)
    assert (reuse.prompts, reuse.prompts_reused, reuse.images_encoded) == (6, 0, 6)


def test_models_that_cannot_share_prompts_score_whatever_the_decoding(pair: Callable[[str], Pair]) -> None:
    model, processor = pair("qwen3_5")
    requests = questions(1, 2, "qwen3_5")
    assert scores(HfSampler(model, processor, decoding="shared"), requests) == whole(model, processor, requests)


def test_equal_questions_run_once_more_and_evict_nothing(llava: Any, processor: Any) -> None:
    same = [replace(question(1, "5 6 7"), id=str(index)) for index in range(6)]
    sampler = HfSampler(llava, processor)
    with sampler.keeping_prompts(most=2):
        scores(sampler, [question(2, "9")])
        found = scores(sampler, [*same, *same])
        _, reuse = gained(sampler, [question(2, "10")])
    assert found == whole(llava, processor, same) * 2
    assert reuse.images_encoded == 0
