"""Pictures, turns and requests that several test files ask with."""

from __future__ import annotations

from functools import cache
from typing import Any

from PIL import Image
from trial_sampler import ChoiceRequest, Request

SIZE = 96
"""Pixels of a side, as the small LLaVA sees images."""


@cache
def picture(index: int, size: tuple[int, int] = (16, 16)) -> Image.Image:
    """A picture of one colour that differs by index; the same object each time."""
    return Image.new("RGB", size, (37 * index % 256, 91 * index % 256, 173 * index % 256))


CROP = picture(50, (32, 16))
KNOWN = ("llava", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "gemma3 that sees far")
CHOICES = {"llava": ("word3", "word14")}


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


def length_of(processor: Any, request: Request | ChoiceRequest) -> int:
    """How many tokens a prompt has."""
    from trial_sampler.hf.encoding import encode_prompts, read_prompt

    prompt = read_prompt(processor, request.messages, request.images)
    return encode_prompts(processor, [prompt])["input_ids"].shape[1]
