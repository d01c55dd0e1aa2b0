"""Which file an image comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from occlusion.errors import OcclusionError

if TYPE_CHECKING:
    from PIL.Image import Image


def file_name_of(image: Image) -> str:
    """Return the name of the file that an image was opened from.

    Raises:
        OcclusionError: `no_file_name`: the image was made in memory, or copied (`convert`, `crop`, `resize` forget it).
    """
    name = getattr(image, "filename", "")
    if not isinstance(name, str) or not name:
        message = "image must know its file (Image.open of a path); got none. Use for_image(name), or give name_of."
        raise OcclusionError("no_file_name", message)
    return name


def always(image: Image, *, name: str) -> str:
    """Return the name whatever the image; with `functools.partial` a `name_of` that can be pickled."""
    return name
