"""How much two prompts begin with in common, and which prompts can be told apart that far."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from trial_sampler.hf.common_prefix import Content, Picture, common_prefix
from trial_sampler.hf.encoding import Prompt, encode_prompts, read_prompt
from trial_sampler.hf.prompt_inputs import split_inputs

segments = st.lists(st.sampled_from(["5", "6", "cat", "dog"]), min_size=1, max_size=7)


@given(segments, segments)
def test_the_common_prefix_is_the_longest_one_that_cuts_no_picture(old: list[str], new: list[str]) -> None:
    lengths = [0, *(sum(2 if one in ("cat", "dog") else 1 for one in new[:end]) for end in range(1, len(new) + 1))]
    shared = max(end for end in range(len(new) + 1) if new[:end] == old[:end] and (end < len(new) or old == new))
    assert common_prefix(content(old), content(new)) == lengths[shared]


def content(parts: list[str]) -> Content:
    """Words of one token, pictures of two."""
    ids: list[int] = []
    pictures: list[Picture] = []
    for part in parts:
        if part in ("cat", "dog"):
            pictures.append(Picture(part.encode(), len(ids), len(ids) + 2))
            ids += [3, 3]
        else:
            ids.append(int(part))
    return Content(torch.tensor(ids), tuple(pictures))


@pytest.mark.parametrize(
    ("length", "having", "is_worth_it"),
    [
        (3, 0, True),  # the image
        (2, 0, False),  # not yet
        (50, 3, True),  # 47 of 100 tokens
        (34, 3, False),  # a third, but few
        (100, 80, False),
    ],
)
def test_an_image_or_many_tokens_are_worth_it(length: int, having: int, is_worth_it: bool) -> None:
    prompt = Content(torch.zeros(100, dtype=torch.long), (Picture(b"cat", 1, 3),))
    assert prompt.gains_from(length, having) == is_worth_it


def test_pictures_are_told_apart_by_size_and_pixels() -> None:
    images = [Image.new("RGB", size, colour) for size in ((3, 2), (2, 3)) for colour in ("red", "blue")]
    digests = Prompt("", images).digests
    assert len(set(digests)) == 4
    assert Prompt("", [image.copy() for image in images]).digests == digests


@pytest.mark.parametrize(
    "change",
    [
        lambda inputs: {"pixel_attention_mask": inputs["pixel_values"]},  # a tensor of unknown layout
        lambda inputs: {"pixel_values": inputs["pixel_values"].repeat(2, 1, 1, 1)},  # several crops of an image
        lambda inputs: {"input_ids": inputs["input_ids"].clone().fill_(5)},  # no tokens for the image
    ],
)
def test_inputs_that_cannot_be_taken_apart_are_not(llava: Any, processor: Any, ask: Any, change: Any) -> None:
    prompt = read_prompt(processor, ask(1).messages, ask(1).images)
    inputs = dict(encode_prompts(processor, [prompt]))
    assert split_inputs(llava, inputs, [prompt], [0]) is not None
    assert split_inputs(llava, inputs | change(inputs), [prompt], [0]) is None


@pytest.mark.parametrize(("between", "can_be_split"), [([94, 93], True), ([], False)])
def test_images_that_see_one_another_are_not_taken_apart(family: Any, between: list[int], can_be_split: bool) -> None:
    ids = torch.tensor([[93, *[95] * 4, *between, *[95] * 4, 94, 5]])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": (ids == 95).int()}
    inputs |= {"pixel_values": torch.zeros(2, 3, 16, 16)}
    prompt = Prompt("", [Image.new("RGB", (16, 16))] * 2)
    assert (split_inputs(family("gemma3"), inputs, [prompt], [0, 1]) is not None) == can_be_split
