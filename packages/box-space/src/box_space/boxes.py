"""One box, or many, that know which space their numbers are in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from box_space.errors import BoxError
from box_space.formats import FloatArray, as_boxes_N4, iou
from box_space.spaces import OriginalPixels, Space


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its edges, `x0 <= x1` and `y0 <= y1`, in the unit of its space; it may reach outside the image.

    Raises:
        BoxError: `not_finite`, or `reversed` corners.

    >>> from box_space import OriginalPixels, llava_space
    >>> box = Box(160, 120, 480, 360, OriginalPixels(640, 480))
    >>> box.to(llava_space(640, 480)).xyxy
    (0.25, 0.3125, 0.75, 0.6875)
    """

    x0: float
    """Left edge."""
    y0: float
    """Top edge."""
    x1: float
    """Right edge."""
    y1: float
    """Bottom edge."""
    space: Space
    """What the numbers mean."""

    def __post_init__(self) -> None:
        for name in ("x0", "y0", "x1", "y1"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not all(map(math.isfinite, self.xyxy)):
            raise BoxError("not_finite", f"a box needs four finite numbers; got {self.xyxy}.")
        if self.x0 > self.x1 or self.y0 > self.y1:
            message = f"a box must satisfy x0 <= x1 and y0 <= y1; got {self.xyxy}. Give corners, not width and height."
            raise BoxError("reversed", message)

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return self.x0, self.y0, self.x1, self.y1

    @property
    def width(self) -> float:
        """Right minus left edge."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Bottom minus top edge."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Width times height, in the space's unit squared."""
        return self.width * self.height

    @property
    def center_xy(self) -> tuple[float, float]:
        """The middle."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def to(self, space: Space) -> Box:
        """Return the same rectangle in another space of the same image, unrounded.

        Raises:
            BoxError: `other_image` when the spaces come from originals of different size.
        """
        if space == self.space:
            return self
        return Box(*_converted(np.array([self.xyxy]), self.space, space)[0].tolist(), space=space)

    def clipped(self) -> Box:
        """Return the part inside the image (padding is outside); a box beside it becomes empty on its nearest edge."""
        return Box(*_clipped(np.array([self.xyxy]), self.space)[0].tolist(), space=self.space)

    def grown(self, factor: float) -> Box:
        """Return the box scaled about its centre; 1.5 is half as wide and high again. It may leave the image.

        Raises:
            BoxError: `bad_shape` when the factor is not above 0.
        """
        if not factor > 0:
            raise BoxError("bad_shape", f"factor must be above 0; got {factor}.")
        (x, y), half_w, half_h = self.center_xy, self.width * factor / 2, self.height * factor / 2
        return Box(x - half_w, y - half_h, x + half_w, y + half_h, self.space)

    def iou(self, other: Box) -> float:
        """Return intersection over union, 0 to 1, with a box of the same space.

        Raises:
            BoxError: `other_space`; convert first.
        """
        _check_same_space(self.space, other.space)
        return float(iou([self.xyxy], [other.xyxy])[0, 0])


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """N boxes in one space, as a read-only float64 array `(N, 4)` of left, top, right, bottom.

    Raises:
        BoxError: `bad_shape`, `not_finite`, or `reversed` corners.

    >>> from box_space import OriginalPixels, Fraction
    >>> pixels = OriginalPixels(200, 100)
    >>> Boxes([[0, 0, 100, 50]], pixels).to(Fraction(pixels)).xyxy_N4.tolist()
    [[0.0, 0.0, 0.5, 0.5]]
    """

    xyxy_N4: FloatArray
    """Corners; any array-like is taken and copied."""
    space: Space
    """What the numbers mean."""

    def __init__(self, xyxy_N4: npt.ArrayLike, space: Space) -> None:
        boxes = np.array(as_boxes_N4(xyxy_N4))
        if not np.isfinite(boxes).all():
            raise BoxError("not_finite", f"boxes need finite numbers; got {_first_bad(boxes, ~np.isfinite(boxes))}.")
        if (boxes[:, :2] > boxes[:, 2:]).any():
            bad = _first_bad(boxes, boxes[:, :2] > boxes[:, 2:])
            raise BoxError("reversed", f"boxes must satisfy x0 <= x1 and y0 <= y1; got {bad}.")
        boxes.setflags(write=False)
        object.__setattr__(self, "xyxy_N4", boxes)
        object.__setattr__(self, "space", space)

    def __len__(self) -> int:
        return len(self.xyxy_N4)

    def __iter__(self) -> Iterator[Box]:
        return (Box(*row, space=self.space) for row in self.xyxy_N4.tolist())

    def __getitem__(self, index: int) -> Box:
        return Box(*self.xyxy_N4[index].tolist(), space=self.space)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Boxes):
            return NotImplemented
        return self.space == other.space and np.array_equal(self.xyxy_N4, other.xyxy_N4)

    def __hash__(self) -> int:
        return hash((self.space, self.xyxy_N4.tobytes()))

    def to(self, space: Space) -> Boxes:
        """Return the same rectangles in another space of the same image, unrounded.

        Raises:
            BoxError: `other_image`.
        """
        return self if space == self.space else Boxes(_converted(self.xyxy_N4, self.space, space), space)

    def clipped(self) -> Boxes:
        """Return the parts inside the image (padding is outside); N stays, boxes beside the image become empty."""
        return Boxes(_clipped(self.xyxy_N4, self.space), self.space)

    def iou(self, other: Boxes) -> FloatArray:
        """Return intersection over union `(N, M)`, 0 to 1, with boxes of the same space.

        Raises:
            BoxError: `other_space`; convert first.
        """
        _check_same_space(self.space, other.space)
        return iou(self.xyxy_N4, other.xyxy_N4)


def _converted(xyxy_N4: FloatArray, source: Space, target: Space) -> FloatArray:
    _check_same_image(source.original, target.original)
    a, b = source.to_original, target.to_original
    pixels = xyxy_N4 * np.array([a.scale_x, a.scale_y] * 2)
    shift = np.array([a.shift_x - b.shift_x, a.shift_y - b.shift_y] * 2)
    return (pixels + shift) / np.array([b.scale_x, b.scale_y] * 2)


def _clipped(xyxy_N4: FloatArray, space: Space) -> FloatArray:
    width, height = space.original.extent_wh
    image = _converted(np.array([[0.0, 0.0, width, height]]), space.original, space)[0]
    return np.clip(xyxy_N4, np.tile(image[:2], 2), np.tile(image[2:], 2))


def _first_bad(boxes: FloatArray, bad: npt.NDArray[np.bool_]) -> str:
    index = int(bad.any(axis=1).argmax())
    return f"{boxes[index].tolist()} at index {index}"


def _check_same_image(a: OriginalPixels, b: OriginalPixels) -> None:
    if a != b:
        raise BoxError("other_image", f"spaces must be of one image; got {a} and {b}.")


def _check_same_space(a: Space, b: Space) -> None:
    if a != b:
        raise BoxError("other_space", f"boxes must share a space; got {a} and {b}. Convert one with .to().")
