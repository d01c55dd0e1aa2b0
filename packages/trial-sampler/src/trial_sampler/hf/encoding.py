"""Requests to model inputs: images opened, chat template applied, several prompts padded on the left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from trial_sampler.conversations import Refused, content_parts, one_line, open_images
from trial_sampler.request import ImageLike, Messages


@dataclass(frozen=True)
class Prompt:
    """One conversation, ready for the processor."""

    text: str
    """The chat template's output, up to where the answer starts."""
    images: list[Image.Image]
    """RGB, in order."""


def read_prompt(processor: Any, messages: Messages, images: Sequence[ImageLike]) -> Prompt:
    """Open the images and apply the chat template.

    Raises:
        Refused: an image cannot be read, images and image parts differ in number, or the template fails.
    """
    opened = open_images(messages, images, forbidden=_image_tokens(processor))
    try:
        turns = [{**message, "content": content_parts(message)} for message in messages]
        text = processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    except Exception as error:  # a template is a program of the checkpoint's author: it may raise anything
        raise Refused("template", one_line(error)) from error
    return Prompt(text, opened)


def encode_prompts(processor: Any, prompts: Sequence[Prompt]) -> Mapping[str, torch.Tensor]:
    """Run the processor over prompts that either all have images or all have none; padding goes to the left."""
    bos = processor.tokenizer.bos_token
    images = [prompt.images for prompt in prompts]
    return processor(
        text=[prompt.text for prompt in prompts],
        images=images if images[0] else None,
        add_special_tokens=not (bos and prompts[0].text.startswith(bos)),
        padding=True,
        padding_side="left",
        return_tensors="pt",
    )


def _image_tokens(processor: Any) -> set[str]:
    found = {getattr(processor, name, None) for name in ("image_token", "boi_token")}
    return {token for token in found if isinstance(token, str) and token}
