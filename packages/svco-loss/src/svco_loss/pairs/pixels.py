"""Images of pairs as pixels that every later step may rely on."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from svco_loss.errors import SvcoLossError

if TYPE_CHECKING:
    from PIL import Image

MOST_ELONGATED = 100
"""Longest side over shortest. Processors that scale the shortest side would blow a longer strip up to gigabytes."""


def open_pixels(path: str, *, image_root: Path | None = None) -> Image.Image:
    """Return a file's picture in RGB, upright and fully loaded.

    Raises:
        box_space.ImageError: with its reasons, and `too_narrow` for a strip longer than `MOST_ELONGATED` times its
            width.
        SvcoLossError: box-space is not installed.
    """
    if find_spec("box_space") is None:
        raise SvcoLossError("images of pairs are opened by box-space: pip install 'svco-loss[data]'")
    from box_space import ImageError, open_image

    image = open_image(path, root=image_root)
    if max(image.size) > MOST_ELONGATED * min(image.size):
        shape = f"{image.width} x {image.height} pixels"
        raise ImageError("too_narrow", f"{path} has {shape}; a side may be {MOST_ELONGATED} times the other at most.")
    return image


def require_rgb(image: Image.Image) -> None:
    """Refuse an image that is not in RGB.

    Raises:
        SvcoLossError: another mode, whose values mean something else.
    """
    if image.mode != "RGB":
        message = f"images must be in mode RGB; got {image.mode}"
        raise SvcoLossError(f"{message}. Open files with box_space.open_image, take others through clean_image.")
