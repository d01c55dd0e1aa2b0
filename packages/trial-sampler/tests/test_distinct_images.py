"""The image processor sees each different picture once, whatever the form of its output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from trial_sampler import ChoiceRequest
from trial_sampler.hf import HfSampler
from trial_sampler.hf.distinct_images import encode_distinct
from trial_sampler.hf.encoding import encode_prompts, read_prompt
from trial_sampler.hf.prompt_inputs import split_inputs

from .asking import CROP, KNOWN, picture, question, questions, user
from .outcomes import scores, whole
from .watching import images_processed

Pair = tuple[Any, Any]


def with_crops(name: str) -> list[ChoiceRequest]:
    """Questions about pictures of different sizes: alone, behind one another, and again."""
    about = [[picture(1)], [CROP], [picture(1), CROP], [CROP, picture(1)], [picture(2), CROP], [picture(2)]]
    return [
        question(index, text, name, messages=[user(text, len(images))], images=images)
        for text in ("5 6", "7")
        for index, images in enumerate(about)
    ]


@pytest.mark.parametrize("name", KNOWN)
def test_the_image_processor_sees_each_picture_once(pair: Callable[[str], Pair], name: str) -> None:
    model, processor = pair(name)
    requests = with_crops(name)
    sampler = HfSampler(model, processor)
    with images_processed(processor) as seen:
        found = scores(sampler, requests)
    assert seen == [3]
    assert found == whole(model, processor, requests)


@pytest.mark.parametrize("name", KNOWN)
def test_pictures_that_are_processed_once_give_the_inputs_of_all(pair: Callable[[str], Pair], name: str) -> None:
    model, processor = pair(name)
    requests = with_crops(name)
    prompts = [read_prompt(processor, one.messages, one.images) for one in requests]
    inputs, pictures = encode_distinct(processor, prompts)
    assert pictures == [0, 1, 0, 1, 1, 0, 2, 1, 2] * 2
    everything = encode_prompts(processor, prompts)
    mine = split_inputs(model, inputs, prompts, pictures)
    theirs = split_inputs(model, everything, prompts, range(len(pictures)))
    assert mine is not None
    assert theirs is not None
    assert len(inputs["pixel_values"]) < len(everything["pixel_values"])
    for one, other in zip(mine, theirs, strict=True):
        assert torch.equal(one.content.ids_P, other.content.ids_P)
        assert one.content.pictures == other.content.pictures
        for share, expected in zip(one.of_images, other.of_images, strict=True):
            assert share.keys() == expected.keys()
            assert all(torch.equal(share[tensor], expected[tensor]) for tensor in share)


def test_an_image_processor_that_cuts_crops_itself_sees_every_picture(pair: Callable[[str], Pair]) -> None:
    """Gemma 3 with pan and scan: more rows of pixels than images."""
    _, processor = pair("gemma3 that sees far")
    processor.image_processor.crops = 1
    prompts = [read_prompt(processor, one.messages, one.images) for one in with_crops("gemma3")]
    inputs, pictures = encode_distinct(processor, prompts)
    assert pictures == list(range(18))
    assert torch.equal(inputs["pixel_values"], encode_prompts(processor, prompts)["pixel_values"])
    assert len(inputs["pixel_values"]) == 36


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
