"""Boxes that carry the space they live in: conversions, text forms, IoU, crops, and the images they refer to."""

from box_space.boxes import Box, Boxes
from box_space.crops import PixelWindow, crop, pixel_window
from box_space.errors import BoxError, BoxSpaceError, BoxTextError, ImageError
from box_space.formats import iou, xywh_to_xyxy, xyxy_to_xywh
from box_space.image_files import image_stamp
from box_space.images import FORMATS, MAX_PIXELS, clean_image, open_image
from box_space.number_groups import NumberGroup, number_groups
from box_space.spaces import (
    Fraction,
    OriginalPixels,
    PatchGrid,
    PixelSpace,
    ResizedPixels,
    Space,
    SquarePadded,
    Thousand,
    llava_space,
    qwen_space,
)
from box_space.texts import (
    box_to_llava_text,
    box_to_qwen_text,
    box_to_tag_text,
    llava_text_to_box,
    qwen_text_to_box,
    tag_text_to_box,
)

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "Box",
    "BoxError",
    "BoxSpaceError",
    "BoxTextError",
    "Boxes",
    "Fraction",
    "ImageError",
    "NumberGroup",
    "OriginalPixels",
    "PatchGrid",
    "PixelSpace",
    "PixelWindow",
    "ResizedPixels",
    "Space",
    "SquarePadded",
    "Thousand",
    "box_to_llava_text",
    "box_to_qwen_text",
    "box_to_tag_text",
    "clean_image",
    "crop",
    "image_stamp",
    "iou",
    "llava_space",
    "llava_text_to_box",
    "number_groups",
    "open_image",
    "pixel_window",
    "qwen_space",
    "qwen_text_to_box",
    "tag_text_to_box",
    "xywh_to_xyxy",
    "xyxy_to_xywh",
]
