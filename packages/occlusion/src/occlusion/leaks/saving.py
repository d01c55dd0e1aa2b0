"""Save an occluded picture with nothing but its pixels."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import numpy as np
from PIL import Image

from occlusion.errors import OcclusionError
from occlusion.objects import Pixels, size_wh_of


def save_occluded(image: Image.Image | Pixels, path: str | Path, *, compress_level: int = 6) -> Path:
    """Write a PNG without any metadata, whole or not at all; equal pixels give equal bytes.

    Colour profiles and EXIF orientation are metadata too: convert and turn the picture before it is occluded.

    Args:
        image: RGB picture, or uint8 array `(H, W, 3)`.
        path: ends in `.png`; its folder must be there.
        compress_level: 0 (fast) to 9 (small).

    Raises:
        OcclusionError: `bad_path` (another ending), `bad_image`.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise OcclusionError("bad_path", f"path must end in .png, which keeps every pixel; got {path.name}.")
    size_wh_of(image)
    partial = path.with_name(f".{uuid4().hex}.partial")
    try:
        # By way of the pixels: what the picture carries in `info` stays behind.
        Image.fromarray(np.ascontiguousarray(image)).save(partial, "PNG", compress_level=compress_level)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
