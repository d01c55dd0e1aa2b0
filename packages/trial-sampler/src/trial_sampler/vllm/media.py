"""Images for the engine: opened in threads, each with an id that stays the same as long as its pixels do."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Hashable, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from PIL import Image

from trial_sampler.conversations import open_images
from trial_sampler.grouping import image_key
from trial_sampler.request import ImageLike, Messages

_ONE_IMAGE: Messages = ({"role": "user", "content": [{"type": "image"}]},)


@dataclass(frozen=True)
class OpenedImage:
    """One image as the engine takes it."""

    pixels: Image.Image
    """RGB."""
    id: str
    """What the engine's caches know it by."""


def media_id(pixels: Image.Image) -> str:
    """Return an id of an image's mode, size and pixels: the same image, whatever file it came from.

    >>> media_id(Image.new("RGB", (2, 1))) == media_id(Image.new("RGB", (2, 1))) != media_id(Image.new("RGB", (1, 2)))
    True
    """
    header = f"{pixels.mode} {pixels.width}x{pixels.height}\n".encode()
    return hashlib.blake2b(header + pixels.tobytes(), digest_size=16).hexdigest()


def open_image(image: ImageLike) -> OpenedImage:
    """Open one image as RGB.

    Raises:
        Refused: the image cannot be read.
    """
    (pixels,) = open_images(_ONE_IMAGE, [image])
    return OpenedImage(pixels, media_id(pixels))


class OpenImages:
    """The images of the requests under way; one that several of them share is opened once."""

    def __init__(self, executor: Executor) -> None:
        """Take the threads that open images."""
        self._executor = executor
        self._opening: dict[Hashable, asyncio.Future[OpenedImage]] = {}
        self._holders = Counter[Hashable]()

    @asynccontextmanager
    async def opened(self, images: Sequence[ImageLike]) -> AsyncGenerator[list[OpenedImage], None]:
        """Hold images, in order, for as long as the context lasts.

        Raises:
            Refused: one of them cannot be read.
        """
        keys = [image_key(image) for image in images]
        self._holders.update(keys)
        try:
            for key, image in zip(keys, images, strict=True):
                if key not in self._opening:
                    loop = asyncio.get_running_loop()
                    self._opening[key] = loop.run_in_executor(self._executor, open_image, image)
            yield list(await asyncio.gather(*(self._opening[key] for key in keys)))
        finally:
            self._holders.subtract(keys)
            for key in keys:
                if self._holders[key] <= 0:
                    self._opening.pop(key, None)
                    del self._holders[key]
