"""A picture as models read it: loaded, in RGB."""

from __future__ import annotations

from box_space import ImageError, clean_image
from PIL import Image

from occlusion.errors import OcclusionError


def rgb_of(image: Image.Image) -> Image.Image:
    """Return an image of any mode in RGB, its file read to the end; an RGB image is returned itself.

    Raises:
        OcclusionError: `bad_image`: the file that it was opened from is cut off, or cannot be decoded.
    """
    try:
        image.load()
        return image if image.mode == "RGB" else clean_image(image)
    except (OSError, ValueError, SyntaxError, ImageError, Image.DecompressionBombError) as error:
        name = getattr(image, "filename", "") or "the image"
        message = f"{name} must be a whole image file; got {type(error).__name__}: {error}. Leave it out, or repair it."
        raise OcclusionError("bad_image", message) from error
