"""Pictures of bounded size as data URLs, so that a page needs nothing but itself."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from PIL import Image

Picture: TypeAlias = Image.Image | str | Path
"""An image in memory, or the path of an image file."""

SMALL_PX = 160
"""Images up to this side are kept as lossless PNG and drawn with sharp pixels."""


@dataclass(frozen=True)
class InlinePicture:
    """A picture ready for the page, or the reason why there is none."""

    url: str
    """`data:` URL; empty when the picture could not be read."""
    width: int
    """Pixels of the inlined copy."""
    height: int
    """Pixels of the inlined copy."""
    is_small: bool
    """True when enlarging must keep its pixels sharp."""
    problem: str = ""
    """Why there is no picture, as a short slug (`missing`, `corrupt`, ...)."""


def inline_picture(picture: Picture | None, *, max_side_px: int = 360, quality: int = 82) -> InlinePicture:
    """Turn a picture into a data URL of at most `max_side_px` a side: PNG when tiny, JPEG otherwise.

    A file that cannot be read is no reason to lose the report: the result names the problem instead.

    >>> inline_picture(Image.new("RGB", (720, 360))).width
    360
    """
    if picture is None:
        return InlinePicture("", 0, 0, False, "no image")
    from box_space import ImageError, clean_image, open_image

    try:
        rgb = clean_image(picture) if isinstance(picture, Image.Image) else open_image(picture)
    except ImageError as error:
        return InlinePicture("", 0, 0, False, error.reason)
    is_small = max(rgb.size) <= SMALL_PX
    if max(rgb.size) > max_side_px:
        rgb.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    return InlinePicture(_to_data_url(rgb, is_small, quality), rgb.width, rgb.height, is_small)


def _to_data_url(rgb: Image.Image, lossless: bool, quality: int) -> str:
    buffer = io.BytesIO()
    if lossless:
        rgb.save(buffer, "PNG", optimize=True)
    else:
        rgb.save(buffer, "JPEG", quality=quality, optimize=True)
    kind = "png" if lossless else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
