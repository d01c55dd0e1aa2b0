"""Prompts about the same pictures through the processor, each different picture once."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from trial_sampler.hf.encoding import Prompt, encode_prompts


class Processed(NamedTuple):
    """A processor's output for several prompts."""

    inputs: Mapping[str, Tensor]
    """By input name; tensors of images hold each different picture once."""
    pictures: list[int]
    """Of each image of each prompt, in order: which of the different pictures it is."""


def encode_distinct(processor: Any, prompts: Sequence[Prompt]) -> Processed:
    """Run the processor over prompts that either all have images or all have none; padding goes to the left.

    Its image processor sees each different picture once, unless it has none or its output is of unknown form: then it
    sees every image.
    """
    digests = [digest for prompt in prompts for digest in prompt.digests]
    places = {digest: place for place, digest in enumerate(dict.fromkeys(digests))}
    if len(places) < len(digests) and hasattr(processor, "image_processor"):
        once = _Once(processor.image_processor, [places[digest] for digest in digests])
        own = copy.copy(processor)
        own.image_processor = once
        inputs = encode_prompts(own, prompts)
        if once.processed is not None:
            shared = {name: value for name, value in once.processed.items() if name in inputs}
            return Processed({**inputs, **shared}, once.pictures)
        return Processed(inputs, list(range(len(digests))))
    return Processed(encode_prompts(processor, prompts), list(range(len(digests))))


class _Once:
    """An image processor for a processor that only looks at sizes: it runs over the different pictures alone."""

    def __init__(self, image_processor: Any, pictures: list[int]) -> None:
        self._image_processor, self.pictures = image_processor, pictures
        self.processed: Mapping[str, Tensor] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._image_processor, name)

    def __call__(self, images: Any, **settings: Any) -> Any:
        """Return sizes of all images, and pixels that stand for those of any."""
        flat = [image for row in images for image in (row if isinstance(row, list | tuple) else [row])]
        firsts = [self.pictures.index(place) for place in range(max(self.pictures) + 1)]
        output = self._image_processor([flat[first] for first in firsts], **settings)
        values = dict(output)
        pixels = values.pop("pixel_values", None)
        is_rows = "image_grid_thw" not in values
        if not isinstance(pixels, Tensor) or any(
            len(one) != len(firsts) for one in (*values.values(), *([pixels] if is_rows else []))
        ):
            return self._image_processor(images, **settings)
        self.processed = dict(output)
        for name, value in values.items():
            is_tensor = isinstance(value, Tensor)
            output[name] = value[torch.tensor(self.pictures)] if is_tensor else [value[one] for one in self.pictures]
        if is_rows:
            output["pixel_values"] = pixels[:1].expand(len(self.pictures), *pixels.shape[1:])
        return output
