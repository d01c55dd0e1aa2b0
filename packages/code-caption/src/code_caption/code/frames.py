"""The frame that a code caption's boxes live in: the image, or the square that it is padded to."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

from box_space import Box, Fraction, OriginalPixels, SquarePadded

from code_caption.errors import SettingsError
from code_caption.scene import BoxFractions, Scene

BoxFrame = Literal["padded", "whole"]
"""Shares of the square that LLaVA-1.5's recipe pads the image to, or of the upright image itself."""

BOX_FRAMES: tuple[BoxFrame, ...] = get_args(BoxFrame)


def frame_space(size_wh: tuple[int, int], frame: BoxFrame) -> OriginalPixels | SquarePadded:
    """The pixels of a frame: what its boxes are shares of.

    Args:
        size_wh: of the upright image, pixels.
        frame: which.

    Raises:
        SettingsError: `frame`: an unknown one; `size_wh` is not positive.

    >>> frame_space((200, 100), "padded").extent_wh
    (200.0, 200.0)
    """
    if frame not in BOX_FRAMES:
        raise SettingsError("frame", f"frame must be {' or '.join(BOX_FRAMES)}; got {frame!r}.")
    if len(size_wh) != 2 or min(size_wh) < 1:
        raise SettingsError("size_wh", f"size_wh must be width and height in pixels, at least 1; got {size_wh!r}.")
    original = OriginalPixels(*size_wh)
    return SquarePadded(original) if frame == "padded" else original


def scene_in_frame(scene: Scene, size_wh: tuple[int, int], frame: BoxFrame) -> Scene:
    """The scene with its boxes as shares of a frame, so that code and box texts of one model agree.

    Args:
        scene: with boxes as shares of the image.
        size_wh: of the upright image, pixels.
        frame: `whole` changes nothing.

    Raises:
        SettingsError: `frame`: an unknown one; `size_wh` is not positive.

    >>> from code_caption.scene import Element
    >>> wide = Scene(elements=(Element("duck", (0.0, 0.0, 0.5, 1.0)),))
    >>> scene_in_frame(wide, (200, 100), "padded").elements[0].box
    (0.0, 0.25, 0.5, 0.75)
    """
    square = Fraction(frame_space(size_wh, frame))
    if frame == "whole":
        return scene
    image = Fraction(square.original)

    def padded(box: BoxFractions) -> BoxFractions:
        x0, y0, x1, y1 = (min(max(value, 0.0), 1.0) for value in Box(*box, space=image).to(square).xyxy)
        return x0, y0, x1, y1

    elements = tuple(replace(element, box=padded(element.box)) for element in scene.elements)
    groups = tuple(replace(group, members=tuple(map(padded, group.members))) for group in scene.groups)
    return replace(scene, elements=elements, groups=groups)
