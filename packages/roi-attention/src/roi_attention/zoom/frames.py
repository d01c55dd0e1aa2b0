"""The frame of a picture: what of the canvas a model is shown, and what its box texts are relative to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from box_space import OriginalPixels, PixelSpace, SquarePadded

from roi_attention.errors import ZoomError

Frame = Literal["padded", "whole"]
"""`padded`: centred on a square canvas, as LLaVA-1.5; `whole`: as it is, for models of native resolution or tiles."""

_TILING = ("image_grid_pinpoints", "split_resolutions", "max_image_tiles", "do_image_splitting", "crop_to_patches")


def frame_space(size_wh: tuple[int, int], frame: Frame) -> PixelSpace:
    """The pixels that a box text is relative to, for an original of this size.

    >>> frame_space((640, 480), "padded").extent_wh
    (640.0, 640.0)

    Raises:
        ZoomError: `frame`.
    """
    original = OriginalPixels(*size_wh)
    return SquarePadded(original) if is_padded(frame) else original


def is_padded(frame: Frame) -> bool:
    """Whether the frame is `padded`.

    Raises:
        ZoomError: `frame` when it is neither `padded` nor `whole`.
    """
    if frame not in ("padded", "whole"):
        raise ZoomError("frame", f"frame must be 'padded' or 'whole'; got {frame!r}.")
    return frame == "padded"


def model_frame(processor: Any) -> Frame:
    """The frame in which a model sees every part of a picture, undistorted, from its processor's settings.

    `padded` where its image processor cuts out the centre or resizes to one fixed square; `whole` where it keeps the
    aspect ratio or cuts tiles.

    Args:
        processor: a processor of transformers, or its image processor.

    Raises:
        ZoomError: `processor` when it has no image settings.

    >>> from types import SimpleNamespace
    >>> model_frame(SimpleNamespace(size={"height": 384, "width": 384}))
    'padded'
    """
    images = getattr(processor, "image_processor", processor)
    known = ("size", "do_center_crop", "do_resize", "min_pixels", *_TILING)
    if not any(hasattr(images, name) for name in known):
        name = type(processor).__name__
        raise ZoomError("processor", f"{name} has no image settings; pass the model's processor or give the frame.")
    if any(getattr(images, name, None) for name in (*_TILING, "do_pan_and_scan")):
        return "whole"
    fixed_square = bool(getattr(images, "do_resize", True)) and _is_square(getattr(images, "size", None))
    return "padded" if getattr(images, "do_center_crop", False) or fixed_square else "whole"


def _is_square(size: Any) -> bool:
    """Whether a processor's `size` is one height and width for all pictures."""
    height, width = _entry(size, "height"), _entry(size, "width")
    return height is not None and height == width


def _entry(size: Any, name: str) -> Any:
    return size.get(name) if isinstance(size, Mapping) else getattr(size, name, None)
