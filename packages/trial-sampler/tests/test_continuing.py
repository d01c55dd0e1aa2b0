"""Prompts that go on from kept ones: further turns of a conversation, other questions about an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from trial_sampler import Request, SamplerError
from trial_sampler.hf import HfSampler, Reuse
from trial_sampler.hf import prompt_inputs as layouts
from trial_sampler.hf.encoder import PromptEncoder
from trial_sampler.hf.encoding import read_prompt
from trial_sampler.hf.kept_prompts import KeptPrompts
from trial_sampler.hf.network import Network
from trial_sampler.hf.prompts import Prompts

from .asking import CROP, length_of, picture, user
from .outcomes import found, gained
from .watching import images_run, tokens_run

QWENS = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
REUSING = ("llava", *QWENS, "gemma3", "gemma3 that sees far")
Pair = tuple[Any, Any]


def first(index: int, question: str = "5 6", **changes: Any) -> Request:
    """Ask for a region."""
    settings: dict[str, Any] = {"n": 3, "top_p": 0.9, "max_new_tokens": 5, "seed": 3}
    settings |= {"messages": [user(question, images=1)], "images": [picture(index)]}
    return Request(id=f"first-{index}-{question}", **(settings | changes))


def second(before: Request, answer: str = "7 9 11", question: str = "6 10 12") -> Request:
    """Ask again, about a crop."""
    turns = [*before.messages, {"role": "assistant", "content": answer}, user(question, images=1)]
    return replace(before, id=f"second-{before.id}", messages=turns, images=[*before.images, CROP])


def encoded(encoder: PromptEncoder, processor: Any, requests: Sequence[Request]) -> Prompts:
    parts = encoder.encode(requests, [read_prompt(processor, one.messages, one.images) for one in requests])
    assert sorted(row for part in parts for row in part.rows) == list(range(len(requests)))
    assert len(parts) == 1
    assert isinstance(parts[0].encoded, Prompts)
    rows = [parts[0].encoded.one(parts[0].rows.index(row)) for row in range(len(requests))]
    return Prompts.joined(rows)


def assert_same_prompts(one: Prompts, other: Prompts) -> None:
    assert torch.equal(one.mask_B_P.bool(), other.mask_B_P.bool())
    assert torch.equal(one.positions_B_1, other.positions_B_1)
    torch.testing.assert_close(one.logits_B_V, other.logits_B_V, atol=2e-5, rtol=2e-5)
    for mine, theirs in zip(one.layers, other.layers, strict=True):
        assert mine.window == theirs.window
        for part, whole in zip(mine[:2], theirs[:2], strict=True):
            seen = one.mask_B_P[:, None, -whole.shape[2] :, None]
            torch.testing.assert_close(part * seen, whole * seen, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("name", REUSING)
def test_a_further_turn_encodes_the_new_tokens_and_images_alone(pair: Callable[[str], Pair], name: str) -> None:
    model, processor = pair(name)
    one = first(1)
    expected = found(HfSampler(model, processor), [second(one)])
    before, after = length_of(processor, one), length_of(processor, second(one))
    sampler = HfSampler(model, processor)
    with sampler.keeping_prompts():
        _, whole = gained(sampler, [one])
        with tokens_run(model) as seen:
            again, rest = gained(sampler, [second(one)])
    assert again == expected
    assert whole == Reuse(1, 0, before, 0, 1, 0)
    assert rest == Reuse(1, 1, after - before, before, 1, 1)
    assert seen[0] == (1, after - before)


@pytest.mark.parametrize("name", REUSING)
def test_further_turns_of_different_lengths_keep_what_encoding_them_whole_keeps(
    pair: Callable[[str], Pair], name: str
) -> None:
    model, processor = pair(name)
    network = Network(model, processor, "auto")
    before = [first(1), first(2, "5 6 7 8 9 4"), first(3, "5")]
    after = [second(one, answer) for one, answer in zip(before, ("7", "7 9 11 13", "7 9"), strict=True)]
    encoder = PromptEncoder(network, KeptPrompts(9))
    encoded(encoder, processor, before)
    continued = encoded(encoder, processor, after)
    assert encoder.reuse.prompts_reused == 3
    assert_same_prompts(continued, encoded(PromptEncoder(network, None), processor, after))


@pytest.mark.parametrize("name", ["llava", *QWENS, "gemma3 that sees far"])
def test_another_question_about_an_image_does_not_encode_the_image(pair: Callable[[str], Pair], name: str) -> None:
    model, processor = pair(name)
    questions = ["5 6 7", "5 6 9 4 7", "12"]
    requests = [first(1, question) for question in questions]
    expected = found(HfSampler(model, processor), requests)
    sampler = HfSampler(model, processor)
    with sampler.keeping_prompts():
        assert gained(sampler, requests[:1])[0] == expected[:1]
        again, reuse = gained(sampler, requests[1:])
    assert again == expected[1:]
    assert (reuse.prompts, reuse.prompts_reused, reuse.images_encoded, reuse.images_reused) == (2, 2, 0, 2)


@pytest.mark.parametrize("name", ["llava", "qwen2_vl"])
def test_questions_about_one_image_in_one_call_encode_it_once(pair: Callable[[str], Pair], name: str) -> None:
    model, processor = pair(name)
    requests = [first(1 + index // 4, "5 6 " + "7 " * index) for index in range(8)]  # two images, four questions each
    sampler = HfSampler(model, processor)
    expected, plain = gained(sampler, requests)
    with sampler.keeping_prompts(), tokens_run(model) as seen:
        again, reuse = gained(sampler, requests)
    assert again == expected
    assert (plain.prompts_reused, plain.images_encoded) == (0, 8)
    assert (reuse.prompts_reused, reuse.images_encoded, reuse.images_reused) == (6, 2, 6)
    assert reuse.tokens_encoded + reuse.tokens_reused == plain.tokens_encoded
    assert [rows for rows, _ in seen[:2]] == [2, 6]


def test_the_vision_tower_sees_the_crop_alone(llava: Any, processor: Any) -> None:
    sampler = HfSampler(llava, processor)
    before = [first(index) for index in range(3)]
    with images_run(llava) as seen, sampler.keeping_prompts():
        found(sampler, before)
        found(sampler, [second(one) for one in before])
    assert seen == [3, 3]


def test_pictures_are_known_by_their_pixels(llava: Any, processor: Any) -> None:
    other = picture(2).copy()
    sampler = HfSampler(llava, processor)
    with sampler.keeping_prompts():
        found(sampler, [first(1)])
        _, equal = gained(sampler, [first(1, "5 7", images=[picture(1).copy()])])
        _, different = gained(sampler, [first(1, "5 7", images=[other])])
        other.paste((1, 2, 3), (0, 0, 16, 16))
        expected = found(HfSampler(llava, processor), [first(1, "5 8", images=[other])])
        changed, painted_over = gained(sampler, [first(1, "5 8", images=[other])])
    assert (equal.images_encoded, equal.images_reused) == (0, 1)
    assert (different.images_encoded, different.images_reused) == (1, 0)
    assert (painted_over.images_encoded, painted_over.images_reused) == (1, 0)
    assert changed == expected


def test_the_same_crop_behind_another_image_is_encoded_again(llava: Any, processor: Any) -> None:
    sampler = HfSampler(llava, processor)
    with sampler.keeping_prompts():
        found(sampler, [second(first(1))])
        again, reuse = gained(sampler, [second(first(2))])
        fewer, shorter = gained(sampler, [second(first(1), question="6 9")])
    assert (reuse.prompts_reused, reuse.images_encoded) == (0, 2)
    assert (shorter.images_encoded, shorter.images_reused) == (0, 2)
    assert [again, fewer] == [
        found(HfSampler(llava, processor), [one]) for one in (second(first(2)), second(first(1), question="6 9"))
    ]


def test_an_equal_prompt_and_the_beginning_of_one_are_reused(llava: Any, processor: Any) -> None:
    after = second(first(1))
    sampler = HfSampler(llava, processor)
    length = length_of(processor, first(1))
    with sampler.keeping_prompts():
        expected = found(sampler, [after])
        with tokens_run(llava) as seen:
            equal, all_of_it = gained(sampler, [replace(after, messages=list(after.messages))])
        part, beginning = gained(sampler, [first(1)])
    assert equal == expected
    assert (all_of_it.tokens_encoded, all_of_it.images_reused) == (0, 2)
    assert all(shape == (1, 3) for shape in seen)  # steps of three trials, no prompt
    assert part == found(HfSampler(llava, processor), [first(1)])
    assert (beginning.tokens_encoded, beginning.tokens_reused) == (1, length - 1)


def test_new_kept_equal_and_continued_prompts_share_a_batch(llava: Any, processor: Any) -> None:
    before = [first(index) for index in range(3)]
    requests = [
        first(9), second(before[0]), before[1], second(before[2], "7"),
        replace(before[2], messages=[*before[2].messages]), first(9, "5 7 7 7"),
        Request(id="text", messages=[user("5 6")], n=2, max_new_tokens=5),
    ]  # fmt: skip
    expected = found(HfSampler(llava, processor), requests)
    sampler = HfSampler(llava, processor, batch_size=7)
    with sampler.keeping_prompts():
        found(sampler, before)
        again, reuse = gained(sampler, requests)
    assert again == expected
    assert (reuse.prompts, reuse.prompts_reused, reuse.images_encoded, reuse.images_reused) == (7, 5, 3, 5)


def test_a_text_conversation_goes_on_too_and_may_gain_an_image(llava: Any, processor: Any) -> None:
    one = Request(id="one", messages=[user("5 6 7 8 9 " * 3)], n=3, max_new_tokens=5)
    turns = [*one.messages, {"role": "assistant", "content": "7"}]
    two, three = (replace(one, id=name, messages=[*turns, user("6 6")]) for name in ("two", "three"))
    three = replace(three, messages=[*turns, user("6", images=1)], images=[picture(1)])
    expected = found(HfSampler(llava, processor), [two, three])
    sampler = HfSampler(llava, processor)
    with sampler.keeping_prompts():
        found(sampler, [one])
        again, reuse = gained(sampler, [two, three])
    assert again == expected
    assert (reuse.prompts_reused, reuse.images_encoded) == (2, 1)
    assert reuse.tokens_reused >= 2 * length_of(processor, one)


def test_two_images_side_by_side_are_told_apart(llava: Any, processor: Any) -> None:
    def both(one: int, other: int) -> Request:
        return first(0, messages=[user("5 6", images=2)], images=[picture(one), picture(other)])

    sampler = HfSampler(llava, processor)
    expected = found(sampler, [both(1, 3)])
    with sampler.keeping_prompts():
        found(sampler, [both(1, 2)])
        again, reuse = gained(sampler, [both(1, 3)])
    assert again == expected
    assert (reuse.images_encoded, reuse.images_reused) == (1, 1)


@pytest.mark.parametrize(("most", "reused"), [(None, 1), (2, 2), (3, 3), (8, 3)])
def test_as_many_prompts_are_kept_as_one_says(llava: Any, processor: Any, most: int | None, reused: int) -> None:
    sampler = HfSampler(llava, processor, batch_size=1)
    before = [first(index) for index in range(3)]
    expected = found(sampler, [second(one) for one in before])
    with sampler.keeping_prompts() if most is None else sampler.keeping_prompts(most):
        found(sampler, before)
        again, reuse = gained(sampler, [second(one) for one in reversed(before)])
    assert again[::-1] == expected
    assert reuse.prompts_reused == reused


def test_no_prompts_cannot_be_kept(llava: Any, processor: Any) -> None:
    with (
        pytest.raises(SamplerError, match="most must be at least 1; got 0"),
        HfSampler(llava, processor).keeping_prompts(0),
    ):
        pass


def test_a_first_turn_can_be_drawn_again_after_the_second(llava: Any, processor: Any) -> None:
    one = first(1)
    sampler = HfSampler(llava, processor)
    with sampler.keeping_prompts():
        expected = found(sampler, [one])
        found(sampler, [second(one)])
        again, reuse = gained(sampler, [replace(one, n=2, first_trial=1)])
    assert again[0] == expected[0][1:]
    assert (reuse.prompts_reused, reuse.tokens_encoded, reuse.images_reused) == (1, 0, 1)


def test_a_conversation_that_goes_on_in_the_same_lists_is_not_taken_for_its_first_turn(
    llava: Any, processor: Any
) -> None:
    one, sampler = first(1), HfSampler(llava, processor)
    other = replace(second(one), id="other", images=[picture(2), CROP])
    expected = found(HfSampler(llava, processor), [second(one)]), found(HfSampler(llava, processor), [other])
    with sampler.keeping_prompts():
        sampler.sample([one])
        grown = replace(one, id=second(one).id)
        grown.messages[:], grown.images[:] = second(one).messages, second(one).images
        assert found(sampler, [grown]) == expected[0]
        assert sampler.reuse.prompts_reused == 1  # and goes on from it
        grown.images[0] = picture(2)
        assert found(sampler, [replace(grown, id="other")]) == expected[1]


def test_what_is_reused_is_counted_for_each_sampler_apart(llava: Any, processor: Any) -> None:
    sampler = HfSampler(llava, processor)
    found(sampler, [first(1)])
    assert sampler.reuse == Reuse(prompts=1, tokens_encoded=length_of(processor, first(1)), images_encoded=1)
    assert sampler.with_adapter(None).reuse == Reuse()


def test_a_window_that_has_dropped_what_is_needed_is_encoded_whole(pair: Callable[[str], Pair]) -> None:
    model, processor = pair("gemma3")  # sees 6 tokens back
    requests = [first(1, "5 6 7 9"), first(1, "5 6 4 9 9 9 9")]
    expected = found(HfSampler(model, processor), requests)
    sampler = HfSampler(model, processor)
    with sampler.keeping_prompts():
        assert [found(sampler, [request])[0] for request in requests] == expected
    assert (sampler.reuse.prompts_reused, sampler.reuse.images_encoded) == (0, 2)


@pytest.mark.parametrize(("name", "decoding"), [("qwen3_5", "auto"), ("llava", "rows")])
def test_copied_caches_are_not_reused(pair: Callable[[str], Pair], name: str, decoding: Any) -> None:
    model, processor = pair(name)
    requests = [first(1), first(1, "5 7"), second(first(1))]
    expected = found(HfSampler(model, processor, decoding=decoding), requests)
    sampler = HfSampler(model, processor, decoding=decoding)
    with sampler.keeping_prompts():
        assert found(sampler, requests[:1]) + found(sampler, requests[1:]) == expected
    assert (sampler.reuse.prompts, sampler.reuse.prompts_reused, sampler.reuse.images_encoded) == (3, 0, 4)


def test_prompts_of_a_model_that_is_not_known_are_encoded_whole(
    llava: Any, processor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(layouts._FAMILIES, "llava")
    sampler = HfSampler(llava, processor)
    with sampler.keeping_prompts():
        expected = found(sampler, [first(1)])
        found(sampler, [second(first(1))])
        assert sampler.reuse.prompts_reused == 0
        assert found(sampler, [first(1)]) == expected


def test_a_cache_that_turns_out_not_to_be_shared_reuses_nothing(
    llava: Any, processor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Network, "shares", lambda _self, _cache: False)
    requests = [first(1), first(1, "5 7"), first(1, "5 9 9")]
    sampler = HfSampler(llava, processor)
    expected = found(sampler, requests)
    with sampler.keeping_prompts(), tokens_run(llava) as seen:
        again, reuse = gained(sampler, requests)
    assert again == expected
    assert (reuse.prompts, reuse.prompts_reused, reuse.images_encoded) == (3, 0, 3)
    assert [rows for rows, _ in seen[:2]] == [1, 2]  # found out with the first prompt, and not tried again
