"""Conversations as every backend reads them: parts in order, one image for each image part, images as RGB."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, MutableMapping, Sequence
from os import PathLike
from typing import Any, cast

from PIL import Image

from trial_sampler.errors import SampleFailure
from trial_sampler.grouping import image_key
from trial_sampler.request import ImageLike, Messages


class Refused(Exception):
    """One request cannot be served; backends turn it into that request's `error`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.failure = SampleFailure(reason, detail)


def content_parts(message: Any) -> list[Mapping[str, Any]]:
    """Return a turn's content as parts, also where it is plain text.

    >>> content_parts({"role": "user", "content": "Hello"})
    [{'type': 'text', 'text': 'Hello'}]

    Raises:
        Refused: the turn is no mapping, or its content neither text nor a list of mappings.
    """
    content: Any = cast("Mapping[str, Any]", message).get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list | tuple) or not all(isinstance(part, Mapping) for part in content):
        rule = "a turn must be a mapping whose content is text or a list of parts"
        raise Refused("template", f"{rule}; got {str(message)[:100]!r}")
    return list(content)


def open_images(
    messages: Messages,
    images: Sequence[ImageLike],
    *,
    forbidden: Collection[str] = (),
    known: MutableMapping[Hashable, Image.Image] | None = None,
) -> list[Image.Image]:
    """Return the images of a conversation as RGB, in order.

    Args:
        messages: chat turns.
        images: one for each image part.
        forbidden: texts that no text part may contain, such as a model's own image token.
        known: images that are open already, by `image_key`; the others are added. Each stays what it was when opened.

    Raises:
        Refused: a turn is malformed, images and image parts differ in number, a text holds a forbidden token, or an
            image cannot be read.
    """
    parts = [part for message in messages for part in content_parts(message)]
    marks = sum(part.get("type") == "image" for part in parts)
    if marks != len(images):
        detail = f"messages must hold one image part for each image; got {marks} parts and {len(images)} images"
        raise Refused("image_count", detail)
    for token in sorted(forbidden):
        if any(token in str(part.get("text", "")) for part in parts):
            raise Refused("image_token_in_text", f"text must not contain {token!r}; pass an image part")
    opened = {} if known is None else known
    for image in images:
        if (key := image_key(image)) not in opened:
            opened[key] = _open(image)
    return [opened[image_key(image)] for image in images]


def one_line(error: Exception) -> str:
    """Return an error's text in one line of at most 300 characters."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def _open(image: object) -> Image.Image:
    if not isinstance(image, (str, PathLike, Image.Image)):  # an empty cell of a table, bytes of a data set
        raise Refused("not_an_image", f"an image must be a path or a PIL image; got {type(image).__name__}")
    from box_space import ImageError, clean_image, open_image

    try:
        return clean_image(image) if isinstance(image, Image.Image) else open_image(image)
    except ImageError as error:
        raise Refused(error.reason, one_line(error)) from error
