"""The two pictures of a zoom dialogue: the whole one as the model is shown it, and the crop; one code for all uses."""

from __future__ import annotations

from typing import NamedTuple

from box_space import Box, clean_image, crop
from PIL import Image

from roi_attention.zoom.frames import Frame, is_padded
from roi_attention.zoom.widening import widen

CLIP_MEAN_RGB = (122, 116, 104)
"""Colour of the canvas: the mean of CLIP's training pictures, which becomes about 0 once normalised."""


class ZoomPictures(NamedTuple):
    """What the model is shown in the two turns."""

    shown: Image.Image
    """The whole picture, in its frame."""
    crop: Image.Image
    """The pixels of the box, in the same frame."""


def shown_picture(image: Image.Image, frame: Frame) -> Image.Image:
    """The picture as the model is shown it: RGB, on a square canvas of CLIP's mean colour or as it is.

    Centred as `box_space.SquarePadded` says, so that a processor that cuts out the centre still sees everything.

    Raises:
        ZoomError: `frame`.

    Source: LLaVA-1.5 (arXiv 2310.03744), image aspect ratio `pad`.

    >>> shown_picture(Image.new("RGB", (640, 480)), "padded").size
    (640, 640)
    """
    rgb = image if image.mode == "RGB" else clean_image(image)
    if not is_padded(frame) or rgb.width == rgb.height:
        return rgb
    side = max(rgb.size)
    canvas = Image.new("RGB", (side, side), CLIP_MEAN_RGB)
    canvas.paste(rgb, ((side - rgb.width) // 2, (side - rgb.height) // 2))
    return canvas


def crop_picture(image: Image.Image, box: Box, frame: Frame, *, shortest_px: int = 1) -> Image.Image:
    """The pixels of the box, rounded outwards to whole ones, out of the original; a square canvas in frame `padded`.

    Args:
        image: the original, unpadded.
        box: of that original, in any space.
        frame: of the model.
        shortest_px: least width and height, as far as the image has them; the box is widened about its centre.

    Raises:
        box_space.BoxError: `outside_image` when the box does not touch the image, `other_image`.
        ZoomError: `frame`.

    Source: Chain-of-Spot (arXiv 2403.12966) cuts out of the padded original. Boxes inside the image give the same
        crop; a box that reaches into the padding gives none of it here.

    >>> from box_space import OriginalPixels
    >>> crop_picture(Image.new("RGB", (640, 480)), Box(0, 0, 200, 100, OriginalPixels(640, 480)), "padded").size
    (200, 200)
    """
    return shown_picture(crop(image, widen(box, shortest_px, shortest_px)), frame)


def zoom_pictures(image: Image.Image, box: Box, frame: Frame, *, shortest_px: int = 1) -> ZoomPictures:
    """Both pictures of a dialogue, in training and in inference.

    Raises:
        box_space.BoxError: as `crop_picture`.
        ZoomError: `frame`.
    """
    return ZoomPictures(shown_picture(image, frame), crop_picture(image, box, frame, shortest_px=shortest_px))
