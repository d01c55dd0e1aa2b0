"""Where a box's numbers live: six coordinate spaces, each tied to the original image that it came from.

Every space is an axis-aligned scale and shift of the original's pixels, so any of them converts to any other of the
same image, and back. x grows to the right, y downwards; a coordinate is an edge, not a pixel index, so the whole image
is `(0, 0, width, height)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from box_space.errors import BoxError


class ToOriginal(NamedTuple):
    """How a space's coordinates become original pixels: `pixel = coordinate * scale + shift`."""

    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float


def _check_positive(name: str, *sizes: int) -> None:
    if not all(size >= 1 for size in sizes):
        raise BoxError("bad_space", f"{name} needs sizes of at least 1; got {', '.join(map(str, sizes))}.")


@dataclass(frozen=True, slots=True)
class OriginalPixels:
    """Pixels of the image as opened, after EXIF rotation.

    >>> OriginalPixels(640, 480).extent_wh
    (640.0, 480.0)
    """

    width: int
    """Pixels across, at least 1."""
    height: int
    """Pixels down, at least 1."""

    def __post_init__(self) -> None:
        _check_positive("OriginalPixels", self.width, self.height)

    @property
    def original(self) -> OriginalPixels:
        """The original image's space: this one."""
        return self

    @property
    def extent_wh(self) -> tuple[float, float]:
        """Largest x and y of the space."""
        return float(self.width), float(self.height)

    @property
    def to_original(self) -> ToOriginal:
        """Scale and shift to the original's pixels: none."""
        return ToOriginal(1.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ResizedPixels:
    """Pixels of the whole original after a resize, aspect ratio kept or not.

    >>> ResizedPixels(OriginalPixels(640, 480), 336, 336).to_original.scale_y
    1.4285714285714286
    """

    original: OriginalPixels
    """The image before the resize."""
    width: int
    """Pixels across after the resize."""
    height: int
    """Pixels down after the resize."""

    def __post_init__(self) -> None:
        _check_positive("ResizedPixels", self.width, self.height)

    @property
    def extent_wh(self) -> tuple[float, float]:
        """Largest x and y of the space."""
        return float(self.width), float(self.height)

    @property
    def to_original(self) -> ToOriginal:
        """Scale and shift to the original's pixels."""
        return ToOriginal(self.original.width / self.width, self.original.height / self.height, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class SquarePadded:
    """Pixels of the original centred on a square canvas of its longer side, as LLaVA pads, then resized to `side`.

    The smaller half of an odd border lies left or above.

    >>> SquarePadded(OriginalPixels(640, 480)).to_original.shift_y
    -80.0
    """

    original: OriginalPixels
    """The image before padding."""
    side: int | None = None
    """Side of the square after a resize, pixels; None keeps the longer side of the original."""

    def __post_init__(self) -> None:
        if self.side is not None:
            _check_positive("SquarePadded", self.side)

    @property
    def extent_wh(self) -> tuple[float, float]:
        """Largest x and y of the space, the padding included."""
        side = float(self.side if self.side is not None else self._canvas)
        return side, side

    @property
    def to_original(self) -> ToOriginal:
        """Scale and shift to the original's pixels."""
        scale = self._canvas / self.extent_wh[0]
        left = (self._canvas - self.original.width) // 2
        top = (self._canvas - self.original.height) // 2
        return ToOriginal(scale, scale, float(-left), float(-top))

    @property
    def _canvas(self) -> int:
        return max(self.original.width, self.original.height)


PixelSpace = OriginalPixels | ResizedPixels | SquarePadded
"""A space whose unit is a pixel of some picture; relative spaces are relative to one of these."""


def _divided(of: PixelSpace, columns: float, rows: float) -> ToOriginal:
    """The map of a space that cuts `of` into `columns` by `rows` units."""
    pixels, (width, height) = of.to_original, of.extent_wh
    scale_x, scale_y = pixels.scale_x * width / columns, pixels.scale_y * height / rows
    return ToOriginal(scale_x, scale_y, pixels.shift_x, pixels.shift_y)


@dataclass(frozen=True, slots=True)
class Fraction:
    """Fractions 0 to 1 of a picture's width and height.

    >>> Fraction(SquarePadded(OriginalPixels(640, 480))).extent_wh
    (1.0, 1.0)
    """

    of: PixelSpace
    """The picture that the fractions are of: say whether it is padded."""

    @property
    def original(self) -> OriginalPixels:
        """The original image's space."""
        return self.of.original

    @property
    def extent_wh(self) -> tuple[float, float]:
        """Largest x and y of the space."""
        return 1.0, 1.0

    @property
    def to_original(self) -> ToOriginal:
        """Scale and shift to the original's pixels."""
        return _divided(self.of, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Thousand:
    """Thousandths, 0 to 1000, of a picture's width and height; whole numbers once printed.

    >>> Thousand(OriginalPixels(640, 480)).to_original.scale_x
    0.64
    """

    of: PixelSpace
    """The picture that the thousandths are of."""

    @property
    def original(self) -> OriginalPixels:
        """The original image's space."""
        return self.of.original

    @property
    def extent_wh(self) -> tuple[float, float]:
        """Largest x and y of the space."""
        return 1000.0, 1000.0

    @property
    def to_original(self) -> ToOriginal:
        """Scale and shift to the original's pixels."""
        return _divided(self.of, 1000.0, 1000.0)


@dataclass(frozen=True, slots=True)
class PatchGrid:
    """Units of one vision-tower patch: column 2.5 is the middle of the third column.

    >>> PatchGrid(SquarePadded(OriginalPixels(640, 480), 336), columns=24, rows=24).extent_wh
    (24.0, 24.0)
    """

    of: PixelSpace
    """The picture that the tower sees."""
    columns: int
    """Patches across."""
    rows: int
    """Patches down."""

    def __post_init__(self) -> None:
        _check_positive("PatchGrid", self.columns, self.rows)

    @property
    def original(self) -> OriginalPixels:
        """The original image's space."""
        return self.of.original

    @property
    def extent_wh(self) -> tuple[float, float]:
        """Largest x and y of the space."""
        return float(self.columns), float(self.rows)

    @property
    def to_original(self) -> ToOriginal:
        """Scale and shift to the original's pixels."""
        return _divided(self.of, float(self.columns), float(self.rows))


Space = OriginalPixels | ResizedPixels | SquarePadded | Fraction | Thousand | PatchGrid
"""Any space a box can live in."""


def llava_space(width: int, height: int) -> Fraction:
    """Return the space of LLaVA-1.5's box texts: fractions of the original padded to a square.

    Args:
        width: of the original, pixels.
        height: of the original, pixels.

    >>> llava_space(640, 480).of
    SquarePadded(original=OriginalPixels(width=640, height=480), side=None)
    """
    return Fraction(SquarePadded(OriginalPixels(width, height)))


def qwen_space(width: int, height: int) -> Thousand:
    """Return the space of Qwen-VL's and InternVL's box texts: thousandths of the unpadded original.

    Args:
        width: of the original, pixels.
        height: of the original, pixels.

    >>> qwen_space(640, 480).of
    OriginalPixels(width=640, height=480)
    """
    return Thousand(OriginalPixels(width, height))
