"""What of the image a question is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal, get_args

import numpy as np
from box_space import Box, OriginalPixels, pixel_window
from PIL import Image

from code_caption.checks.geometry import scaled
from code_caption.checks.sightings import BoxPixels
from code_caption.errors import SettingsError

ViewKind = Literal["whole", "crop", "in_place"]
"""The image; a cut of it; or the image with everything outside of the cut painted over."""


@dataclass(frozen=True)
class View:
    """A part of an image.

    Raises:
        SettingsError: `view`: an unknown kind, a part without a box, or the whole with one.

    >>> View("crop", (100, 100, 140, 180)).box_xyxy_px
    (100, 100, 140, 180)
    """

    kind: ViewKind = "whole"
    box_xyxy_px: BoxPixels | None = None
    """What stays in sight; None for the whole image."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(ViewKind):
            raise SettingsError("view", f"kind must be one of {get_args(ViewKind)}; got {self.kind!r}.")
        if (self.kind == "whole") != (self.box_xyxy_px is None):
            expected = "a view must have a box unless it is whole"
            raise SettingsError("view", f"{expected}; got {self.kind}, {self.box_xyxy_px}.")


WHOLE = View()


@dataclass(frozen=True)
class Framing:
    """How a box becomes a view.

    Raises:
        SettingsError: `framing`: an unknown kind, or a number out of range.
    """

    kind: ViewKind = "crop"
    scale: float = 1.0
    """Of the box about its centre."""
    least_side_px: float = 0.0
    """A shorter side grows to this, before scaling."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(ViewKind):
            raise SettingsError("framing", f"kind must be one of {get_args(ViewKind)}; got {self.kind!r}.")
        if not (0 < self.scale < inf and 0 <= self.least_side_px < inf):
            expected = "scale must be above 0 and least_side_px at least 0"
            raise SettingsError("framing", f"{expected}; got {self.scale} and {self.least_side_px}.")

    def view(self, box_xyxy_px: BoxPixels) -> View:
        """The view of a box; what lies outside of the image is left out when it is shown.

        >>> Framing("crop", scale=1.3, least_side_px=200).view((300, 300, 340, 320)).box_xyxy_px
        (190.0, 180.0, 450.0, 440.0)
        """
        if self.kind == "whole":
            return WHOLE
        x0, y0, x1, y1 = box_xyxy_px
        more_x, more_y = (max(0.0, self.least_side_px - side) / 2 for side in (x1 - x0, y1 - y0))
        return View(self.kind, scaled((x0 - more_x, y0 - more_y, x1 + more_x, y1 + more_y), self.scale))


def show(image: Image.Image, view: View) -> Image.Image:
    """The picture of a view: RGB; of the image's own size unless it is a crop.

    Raises:
        box_space.BoxError: nothing of the view lies in the image.
    """
    if view.box_xyxy_px is None:
        return image
    window = pixel_window(Box(*view.box_xyxy_px, space=OriginalPixels(*image.size)))
    cut = image.crop(window)
    if view.kind == "crop":
        return cut
    painted = Image.new(image.mode, image.size, _usual_color(image))
    painted.paste(cut, (window.left, window.top))
    return painted


def _usual_color(image: Image.Image) -> tuple[int, ...]:
    """The median of each channel: of a picture with a background, about its colour."""
    pixels = np.asarray(image).reshape(-1, len(image.getbands()))
    return tuple(int(value) for value in np.median(pixels, axis=0))
