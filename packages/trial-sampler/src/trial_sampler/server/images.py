"""Images as data URLs, each distinct one encoded once."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from PIL import Image

from trial_sampler.conversations import Refused, one_line, open_images
from trial_sampler.grouping import image_key
from trial_sampler.request import ImageLike, Messages
from trial_sampler.server.settings import ServerSettings

# Stands for an image that is encoded already, so that nobody opens it again.
_KNOWN = Image.new("RGB", (1, 1))


class ImageUrls:
    """The data URLs of one call's images: made once, forgotten after their last use."""

    def __init__(self, images: Iterable[ImageLike], settings: ServerSettings) -> None:
        """Take all images of all requests, each as often as it is used."""
        self._uses = Counter(image_key(image) for image in images)
        self._urls: dict[Hashable, str] = {}
        self._settings = settings

    def of(self, messages: Messages, images: Sequence[ImageLike]) -> list[str]:
        """Return the data URLs of one request, in order; each request asks once.

        Raises:
            Refused: an image cannot be read, or images and image parts differ in number.
        """
        keys = [image_key(image) for image in images]
        try:
            unread = [_KNOWN if key in self._urls else image for key, image in zip(keys, images, strict=True)]
            opened = open_images(messages, unread, forbidden=self._settings.image_tokens)
            for key, image in zip(keys, opened, strict=True):
                if key not in self._urls:
                    self._urls[key] = data_url(image, self._settings)
            return [self._urls[key] for key in keys]
        finally:
            self._forget(keys)

    def _forget(self, keys: Sequence[Hashable]) -> None:
        self._uses.subtract(keys)
        for key in keys:
            if self._uses[key] <= 0:
                self._urls.pop(key, None)


def data_url(image: Image.Image, settings: ServerSettings) -> str:
    """Return an RGB image as a base64 data URL.

    >>> data_url(Image.new("RGB", (2, 1)), ServerSettings())[:30]
    'data:image/png;base64,iVBORw0K'

    Raises:
        Refused: the format cannot hold the image (JPEG ends at 65,500 pixels a side).
    """
    # Level 1 makes PNG a little larger than the default 6, and several times faster to write.
    options: dict[str, Any] = {"png": {"compress_level": 1}, "jpeg": {"quality": settings.jpeg_quality}}
    file = io.BytesIO()
    try:
        image.save(file, settings.image_format, **options[settings.image_format])
    except (OSError, ValueError) as error:
        raise Refused("processor", f"cannot write the image as {settings.image_format}: {one_line(error)}") from error
    return f"data:image/{settings.image_format};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
