"""What an occluder is given, checked: a picture, masks and boxes; and what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any, Generic, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from occlusion.detections import clipped_box
from occlusion.errors import OcclusionError

Pixels = NDArray[np.uint8]
Mask = NDArray[Any]
ImageT = TypeVar("ImageT", Image.Image, Pixels)


@dataclass(frozen=True)
class Occlusion(Generic[ImageT]):
    """A picture whose object is hidden, and how well it is hidden."""

    image: ImageT
    """A new picture of the same size and type as the one given."""

    patch_px: int
    """Nominal side of the squares, at least 4 px (of several objects, the largest); 0 where nothing is square.

    A square of patches reaches `patch_px // 2` to each side of its centre."""

    covered_share: float
    """Share of the mask pixels (of all masks together, inside their boxes) that the occluder treated, 0 to 1."""

    centers_xy: NDArray[np.int64]
    """Centres of the patches, `(N, 2)`, pixels; every one lies inside its mask. Of other occluders, none."""


class Place(NamedTuple):
    """A box in whole pixels inside the image, the last column and row not included."""

    left: int
    top: int
    right: int
    bottom: int
    short_px: float
    """Shorter side of the box inside the image, before rounding."""


def size_wh_of(image: Image.Image | Pixels) -> tuple[int, int]:
    """Width and height of a picture that an occluder takes.

    Raises:
        OcclusionError: `bad_image`.
    """
    if isinstance(image, Image.Image):
        if image.mode != "RGB":
            raise OcclusionError(
                "bad_image", f"image must be RGB; got mode {image.mode}. Convert it first: image.convert('RGB')."
            )
        return image.size
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise OcclusionError(
            "bad_image", f"image must be uint8 of shape (H, W, 3); got {image.dtype} of shape {image.shape}."
        )
    return image.shape[1], image.shape[0]


def masks_and_boxes(mask_hw: Any, box_xyxy_px: Any, size_wh: tuple[int, int]) -> tuple[list[Mask], list[Any]]:
    """Lists of as many masks as boxes, from one of each or several.

    Raises:
        OcclusionError: `bad_mask`.
    """
    one = isinstance(mask_hw, np.ndarray) and cast("Mask", mask_hw).ndim == 2
    boxes: list[Any] = [box_xyxy_px] if one else list(box_xyxy_px)
    masks = masks_of(mask_hw, size_wh)
    if len(masks) != len(boxes) or not masks:
        raise OcclusionError(
            "bad_mask", f"masks and boxes must be as many, at least 1; got {len(masks)} and {len(boxes)}."
        )
    return masks, boxes


def masks_of(mask_hw: Any, size_wh: tuple[int, int]) -> list[Mask]:
    """List of the masks, from one or several.

    Raises:
        OcclusionError: `bad_mask`: another shape than the image's.
    """
    one = isinstance(mask_hw, np.ndarray) and cast("Mask", mask_hw).ndim == 2
    masks: list[Mask] = [mask_hw] if one else [np.asarray(mask) for mask in mask_hw]
    for mask in masks:
        if mask.shape != (size_wh[1], size_wh[0]):
            raise OcclusionError(
                "bad_mask", f"mask_hw must have the image's shape {(size_wh[1], size_wh[0])}; got {mask.shape}."
            )
    return masks


def place_of(box_xyxy_px: Sequence[float] | NDArray[Any], size_wh: tuple[int, int]) -> Place:
    """The part of a box inside the image.

    Raises:
        OcclusionError: `bad_box`, `box_outside`.
    """
    width, height = size_wh
    box = _finite_box(box_xyxy_px)
    inside = clipped_box(box, size_wh)
    if inside is None:
        raise OcclusionError("box_outside", f"box_xyxy_px must overlap the image of {width}x{height} px; got {box}.")
    x0, y0, x1, y1 = inside
    return Place(int(x0), int(y0), ceil(x1), ceil(y1), min(x1 - x0, y1 - y0))


def _finite_box(box_xyxy_px: Sequence[float] | NDArray[Any]) -> tuple[float, float, float, float]:
    values = tuple(map(float, box_xyxy_px))
    if len(values) != 4 or not all(map(isfinite, values)):
        raise OcclusionError("bad_box", f"box_xyxy_px must be four finite numbers; got {values}.")
    x0, y0, x1, y1 = values
    if x0 >= x1 or y0 >= y1:
        raise OcclusionError("bad_box", f"box_xyxy_px must satisfy x0 < x1 and y0 < y1; got {values}.")
    return x0, y0, x1, y1
