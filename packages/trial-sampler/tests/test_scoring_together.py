"""Scores of many questions about the same pictures: these are encoded once, and whole prompts would score the same."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest
import torch
from PIL import Image
from trial_sampler import ChoiceRequest, Request
from trial_sampler.hf import HfSampler, Reuse, branching, rounds
from trial_sampler.hf import prompt_inputs as layouts
from trial_sampler.hf.distinct_images import encode_distinct
from trial_sampler.hf.encoding import encode_prompts, read_prompt
from trial_sampler.hf.prompt_inputs import split_inputs

KNOWN = ("llava", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "gemma3 that sees far")
CHOICES = {"llava": ("word3", "word14")}
Pair = tuple[Any, Any]


@cache
def picture(index: int, size: tuple[int, int] = (16, 16)) -> Image.Image:
    return Image.new("RGB", size, (37 * index % 256, 91 * index % 256, 173 * index % 256))


CROP = picture(50, (32, 16))


def user(text: str, images: int = 0) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "image"}] * images + [{"type": "text", "text": text}]}


def question(image: int, text: str, name: str = "llava", **changes: Any) -> ChoiceRequest:
    """Ask about a picture."""
    given: dict[str, Any] = {"messages": [user(text, images=1)], "images": [picture(image)]}
    return ChoiceRequest(id=f"{image}/{text}", **(given | {"choices": CHOICES.get(name, ("5", "7"))} | changes))


def questions(images: int, count: int, name: str = "llava") -> list[ChoiceRequest]:
    """Of different lengths, some with a common beginning, one image after the other."""
    texts = ["5 6 " + "7 " * (index % 3) + str(10 + index) for index in range(count)]
    return [question(image, text, name) for text in texts for image in range(1, images + 1)]


def scores(sampler: HfSampler, requests: Sequence[ChoiceRequest]) -> list[tuple[float, ...]]:
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


def gained(sampler: HfSampler, requests: Sequence[ChoiceRequest]) -> tuple[list[Any], Reuse]:
    """What came out, and what was reused for it."""
    before = sampler.reuse
    found = scores(sampler, requests)
    pairs = zip(vars(sampler.reuse).values(), vars(before).values(), strict=True)
    return found, Reuse(*(now - then for now, then in pairs))


@contextmanager
def tokens_run(model: Any) -> Generator[list[tuple[int, int]]]:
    """Notes rows and tokens of each pass of the text model."""
    seen: list[tuple[int, int]] = []

    def note(_module: Any, _inputs: Any, kwargs: Any) -> None:
        seen.append(tuple(kwargs["inputs_embeds"].shape[:2]))

    hook = model.get_decoder().register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


@contextmanager
def images_processed(processor: Any) -> Generator[list[int]]:
    """Notes how many images the image processor saw each time."""
    seen: list[int] = []
    kind = type(processor.image_processor)
    before = kind.__call__

    def noting(self: Any, images: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(sum(len(row) if isinstance(row, list) else 1 for row in images))
        return before(self, images, *args, **kwargs)

    kind.__call__ = noting
    try:
        yield seen
    finally:
        kind.__call__ = before


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
    longest = max(encode_prompts(processor, [read_prompt(processor, one.messages, one.images)])["input_ids"].shape[1]
                  for one in requests)  # fmt: skip
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


def test_one_that_fails_leaves_those_about_the_same_picture_alone(llava: Any, processor: Any) -> None:
    requests = questions(1, 4)
    requests[0] = question(1, "word1 " * 600)  # of 512 positions
    requests[2] = question(1, "日本", choices=("日本", "no"))
    results = HfSampler(llava, processor).score(requests)
    assert [one.error.reason if one.error else None for one in results] == ["too_long", None, "choices", None]
    good = [requests[1], requests[3]]
    assert [(*one.probabilities, one.mass) for one in results if not one.error] == whole(llava, processor, good)


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


def test_the_image_processor_sees_each_picture_once(llava: Any, processor: Any) -> None:
    requests = questions(3, 4)
    with images_processed(processor) as seen:
        scores(HfSampler(llava, processor), requests)
    assert seen == [3]


def test_pictures_that_are_processed_once_give_the_inputs_of_all(llava: Any, processor: Any) -> None:
    requests = [*questions(2, 2), question(2, "9", messages=[user("9", 2)], images=[picture(2), picture(3)])]
    prompts = [read_prompt(processor, one.messages, one.images) for one in requests]
    inputs, pictures = encode_distinct(processor, prompts)
    assert pictures == [0, 1, 0, 1, 1, 2]
    mine = split_inputs(llava, inputs, prompts, pictures)
    theirs = split_inputs(llava, encode_prompts(processor, prompts), prompts)
    assert mine is not None
    assert theirs is not None
    for one, other in zip(mine, theirs, strict=True):
        assert torch.equal(one.content.ids_P, other.content.ids_P)
        assert one.content.pictures == other.content.pictures
        for share, expected in zip(one.of_images, other.of_images, strict=True):
            assert torch.equal(share["pixel_values"], expected["pixel_values"])


def test_an_image_processor_of_unknown_form_sees_every_picture(
    llava: Any, processor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(processor.image_processor)
    plain = kind.__call__
    monkeypatch.setattr(kind, "__call__", lambda *args, **how: plain(*args, **how) | {"image_sizes": [[1, 1]]})
    requests = questions(2, 3)
    prompts = [read_prompt(processor, one.messages, one.images) for one in requests]
    inputs, pictures = encode_distinct(processor, prompts)
    assert pictures == list(range(6))
    assert len(inputs["pixel_values"]) == 6
