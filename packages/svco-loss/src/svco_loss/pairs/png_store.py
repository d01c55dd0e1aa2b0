"""Images written as PNG under names that their pixels give."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


def store_png(image: Image.Image, folder: Path) -> str:
    """Write an RGB image into the folder and return its file name; the same pixels are written once.

    The file is there whole or not at all.
    """
    name = f"{pixel_digest(image)}.png"
    target = folder / name
    if not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{name}.{os.getpid()}"
        image.save(partial, "PNG")
        partial.replace(target)
    return name


def pixel_digest(image: Image.Image) -> str:
    """Return 32 hexadecimal digits that stand for mode, size and pixels.

    >>> from PIL import Image
    >>> pixel_digest(Image.new("RGB", (2, 3), "red")) == pixel_digest(Image.new("RGB", (3, 2), "red"))
    False
    """
    digest = hashlib.sha256(f"{image.mode} {image.width} {image.height} ".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()[:32]
