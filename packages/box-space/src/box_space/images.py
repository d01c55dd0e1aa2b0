"""Open a picture that nobody has checked: one RGB image out, or one error with a reason.

Rows, boxes and masks refer to the pixels of the image that `open_image` returns, so everything opens files with it, and
takes images that are open already through `clean_image`, which gives the same pixels.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from box_space.errors import ImageError
from box_space.image_files import checked_file

MAX_PIXELS = 89_478_485
"""Largest image opened unless told otherwise, pixels: Pillow's own first alarm, a quarter of a GiB as RGB."""

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
"""File formats that are tried. Those that start other programs (EPS) or only draw (PDF, WMF) are left out."""


def open_image(path: str | os.PathLike[str], *, root: Path | None = None, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Return a file's picture in RGB, upright, fully loaded, without metadata.

    EXIF rotation is applied; the first frame of an animation is taken; 16-bit gray is scaled to 8 bits; CMYK and
    palettes are converted; transparent parts lie on white.

    Args:
        path: a file; with `root`, relative to it.
        root: folder that the file must really be in, symbolic links followed; None allows any path.
        max_pixels: width times height above which the file is refused before decoding. Pillow itself refuses more than
            twice `PIL.Image.MAX_IMAGE_PIXELS`.

    Raises:
        ImageError: `missing`, `outside_root`, `not_an_image`, `corrupt`, `truncated`, `too_large`, `unreadable` (no
            permission), `unsupported_mode` (pixel values without a known range).

    >>> open_image("no/such/file.png")
    Traceback (most recent call last):
    ...
    box_space.errors.ImageError: 'no/such/file.png' does not exist.
    """
    file = checked_file(Path(path), root)
    try:
        with Image.open(file, formats=_known_formats()) as image:
            if image.width * image.height > max_pixels:
                raise ImageError("too_large", f"{path} has {image.width} x {image.height} pixels; {_limit(max_pixels)}")
            return _clean_rgb(image)
    except ImageError:
        raise
    except Exception as error:  # decoders of broken files raise nearly anything: struct, zlib, Index, Syntax errors...
        raise _as_image_error(path, error, max_pixels) from error


def clean_image(image: Image.Image) -> Image.Image:
    """Return a new image with the pixels that `open_image` gives of the same picture in a file.

    Raises:
        ImageError: `unsupported_mode`; where the file that it was opened from cannot be read to its end, `corrupt`,
            `truncated`, `too_large` or `unreadable`.

    >>> clean_image(Image.new("RGBA", (2, 1), (0, 0, 0, 0))).getpixel((0, 0))
    (255, 255, 255)
    """
    try:
        return _clean_rgb(image)
    except ImageError:
        raise
    except Exception as error:  # an image that was opened and not read yet fails here
        raise _as_image_error(getattr(image, "filename", "") or "the image", error, MAX_PIXELS) from error


def _known_formats() -> list[str]:
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _limit(max_pixels: int) -> str:
    return f"at most {max_pixels} are opened. Raise max_pixels if you trust the file."


def _as_image_error(path: str | os.PathLike[str], error: Exception, max_pixels: int) -> ImageError:
    text = " ".join(str(error).split())
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError)):
        return ImageError("too_large", f"{path} unpacks to too many pixels: {text}; {_limit(max_pixels)}")
    if "too large" in text.lower():  # a compressed text chunk that unpacks to gigabytes
        return ImageError("too_large", f"{path} holds compressed data that unpacks to too much: {text}.")
    if isinstance(error, Image.UnidentifiedImageError):
        return ImageError("not_an_image", f"{path} is none of {', '.join(FORMATS)}.")
    if isinstance(error, PermissionError):
        return ImageError("unreadable", f"{path} cannot be read: {error.strerror}.")
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return ImageError("truncated", f"{path} ends too early: {text}.")
    return ImageError("corrupt", f"{path} cannot be decoded: {type(error).__name__}: {text}.")


def _clean_rgb(image: Image.Image) -> Image.Image:
    """A new RGB image without metadata, so that saving it again neither rotates nor makes anything transparent."""
    image = ImageOps.exif_transpose(image)
    image.load()
    if image.mode.startswith(("I", "F")):  # before transparency: as RGBA, everything above 255 would be white
        rgb = _eight_bit(image).convert("RGB")
    elif image.has_transparency_data:
        rgba = image.convert("RGBA")
        rgb = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    else:
        rgb = image.convert("RGB")
    rgb.info = {}
    return rgb


def _eight_bit(image: Image.Image) -> Image.Image:
    """Gray of 16 bits (0 to 65535), or float of 0 to 1, as 0 to 255; the value that a PNG calls clear is white."""
    values = np.asarray(image).astype(np.float64)
    top = 1.0 if image.mode == "F" else 65535.0
    low, high = float(values.min()), float(values.max())
    if not (low >= 0.0 and high <= top):
        message = f"gray values must be 0 to {top:g} in mode {image.mode}; got {low:g} to {high:g}."
        raise ImageError("unsupported_mode", f"{message} Convert the file to 8 bits.")
    values[values == image.info.get("transparency")] = top
    return Image.fromarray(np.rint(values * (255.0 / top)).astype(np.uint8))
