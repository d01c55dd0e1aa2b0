"""Requests to model inputs: images opened, chat template applied, several prompts padded on the left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from trial_sampler.errors import SampleFailure
from trial_sampler.request import ImageLike, Request


class Refused(Exception):
    """One request cannot be encoded."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.failure = SampleFailure(reason, detail)


@dataclass(frozen=True)
class Prompt:
    """One request, ready for the processor."""

    request: Request
    """The request."""
    text: str
    """The chat template's output, up to where the answer starts."""
    images: list[Image.Image]
    """RGB, in order."""


def read_prompt(processor: Any, request: Request) -> Prompt:
    """Open the images and apply the chat template.

    Raises:
        Refused: an image cannot be read, images and image parts differ in number, or the template fails.
    """
    parts = [part for message in request.messages for part in _parts(message)]
    marks = sum(part.get("type") == "image" for part in parts)
    if marks != len(request.images):
        raise Refused("image_count", f"messages must hold one image part for each image; got {marks} parts and "
                      f"{len(request.images)} images")  # fmt: skip
    for token in _image_tokens(processor):
        if any(token in str(part.get("text", "")) for part in parts):
            raise Refused("image_token_in_text", f"text must not contain {token!r}; pass an image part")
    try:
        messages = [{**message, "content": list(_parts(message))} for message in request.messages]
        text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    except Exception as error:  # a template is a program of the checkpoint's author: it may raise anything
        raise Refused("template", _one_line(error)) from error
    return Prompt(request, text, [_open(image) for image in request.images])


def encode_prompts(processor: Any, prompts: list[Prompt]) -> Mapping[str, torch.Tensor]:
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


def _parts(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    content = message.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def _image_tokens(processor: Any) -> set[str]:
    names = ("image_token", "boi_token")
    found = {getattr(processor, name, None) for name in names}
    return {token for token in found if isinstance(token, str) and token}


def _open(image: ImageLike) -> Image.Image:
    if not isinstance(image, Image.Image):
        from box_space import ImageError, open_image

        try:
            return open_image(image)
        except ImageError as error:
            raise Refused(error.reason, _one_line(error)) from error
    try:
        return image.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:  # a PIL image from a broken file fails when it is read
        raise Refused("corrupt", _one_line(error)) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
