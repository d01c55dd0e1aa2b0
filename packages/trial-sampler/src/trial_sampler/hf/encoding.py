"""Requests to model inputs: images opened, chat template applied, several prompts padded on the left."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

import torch
from PIL import Image

from trial_sampler.conversations import open_images
from trial_sampler.request import ImageLike, Messages
from trial_sampler.templates import chat_text, image_tokens, lacks_special_tokens


@dataclass(frozen=True)
class Prompt:
    """One conversation, ready for the processor."""

    text: str
    """The chat template's output, up to where the answer starts."""
    images: list[Image.Image]
    """RGB, in order."""
    digests_by_id: dict[int, bytes] = field(default_factory=dict[int, bytes], compare=False)
    """Digests of images that other prompts hold too, by the `id` of the image object."""

    @cached_property
    def digests(self) -> tuple[bytes, ...]:
        """One hash of size and pixels for each image: equal pictures have equal ones, whatever object holds them."""
        known = self.digests_by_id
        for image in self.images:
            if id(image) not in known:
                known[id(image)] = blake2b(b"%d %d " % image.size + image.tobytes()).digest()
        return tuple(known[id(image)] for image in self.images)


class PromptReader:
    """Reads prompts and opens each of their images once."""

    def __init__(self, processor: Any) -> None:
        """Take a model's processor."""
        self._processor = processor
        self._opened: dict[Hashable, Image.Image] = {}
        self._digests: dict[int, bytes] = {}

    def read(self, messages: Messages, images: Sequence[ImageLike]) -> Prompt:
        """Open the images and apply the chat template.

        Raises:
            Refused: an image cannot be read, images and image parts differ in number, or the template fails.
        """
        opened = open_images(messages, images, forbidden=image_tokens(self._processor), known=self._opened)
        return Prompt(chat_text(self._processor, messages), opened, self._digests)


def read_prompt(processor: Any, messages: Messages, images: Sequence[ImageLike]) -> Prompt:
    """Open the images and apply the chat template.

    Raises:
        Refused: an image cannot be read, images and image parts differ in number, or the template fails.
    """
    return PromptReader(processor).read(messages, images)


def encode_prompts(processor: Any, prompts: Sequence[Prompt]) -> Mapping[str, torch.Tensor]:
    """Run the processor over prompts that either all have images or all have none; padding goes to the left."""
    images = [prompt.images for prompt in prompts]
    return processor(
        text=[prompt.text for prompt in prompts],
        images=images if images[0] else None,
        add_special_tokens=lacks_special_tokens(processor, prompts[0].text),
        padding=True,
        padding_side="left",
        return_tensors="pt",
    )
