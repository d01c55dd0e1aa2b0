"""What a detector saw in one image, before anything is checked."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from box_space import Box, BoxError, Fraction, OriginalPixels

from code_caption.errors import SceneError
from code_caption.scene import BoxFractions, require_name

BoxPixels = tuple[float, float, float, float]
"""`(x0, y0, x1, y1)`, pixels of the upright original image."""


@dataclass(frozen=True)
class Sighting:
    """One box with a name.

    Raises:
        SceneError: there is no name, the box has no width or height, or a number is not finite.
    """

    key: int
    """Its number within the image; everything that is later said about it is filed under this number."""
    name: str
    box_xyxy_px: BoxPixels
    score: float = 1.0
    """How sure the detector is, 0 to 1."""

    def __post_init__(self) -> None:
        require_name(self.name)
        if not isfinite(self.score):
            raise SceneError("score", f"a sighting's score must be finite; got {self.score}.")
        x0, y0, x1, y1 = self.box_xyxy_px
        if not all(map(isfinite, self.box_xyxy_px)) or x0 >= x1 or y0 >= y1:
            raise SceneError(
                "box", f"a sighting's box must be finite with x0 < x1 and y0 < y1; got {self.box_xyxy_px}."
            )


@dataclass(frozen=True)
class Unit:
    """One sighting, or the several of one name that form a group: what a scene has one entry for."""

    name: str
    keys: tuple[int, ...]
    """Of its sightings, in ascending order."""
    box_xyxy_px: BoxPixels
    """Around all of them."""

    @property
    def is_group(self) -> bool:
        """Whether it is more than one sighting."""
        return len(self.keys) > 1

    @property
    def label(self) -> str:
        """Its keys as text, to file answers under.

        >>> Unit("cup", (2, 5, 7), (0, 0, 9, 9)).label
        '2+5+7'
        """
        return "+".join(map(str, self.keys))


def to_fractions(box_xyxy_px: BoxPixels, size_wh: tuple[int, int]) -> BoxFractions:
    """A box as shares of the image, clipped to it.

    Raises:
        SceneError: nothing of it lies in the image, or it is no box.

    >>> to_fractions((320, -5, 640, 240), (640, 480))
    (0.5, 0.0, 1.0, 0.5)
    """
    pixels = OriginalPixels(*size_wh)
    try:
        box = Box(*box_xyxy_px, space=pixels).to(Fraction(pixels)).clipped()
    except BoxError as error:
        raise SceneError("box", f"a box must be finite with x0 < x1 and y0 < y1; got {box_xyxy_px}.") from error
    if not box.area:
        raise SceneError("box_outside", f"a box must overlap the image of {size_wh}; got {box_xyxy_px}.")
    return box.xyxy
