"""Boxes for phrases: what an open-vocabulary detector answers, and the one call that all of them share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from occlusion.errors import OcclusionError

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Detection:
    """One thing found in an image.

    >>> Detection("Traffic Light", (10.0, 20.5, 30.0, 60.0), 0.71).phrase
    'Traffic Light'

    Raises:
        OcclusionError: `bad_detection`: a box without area or left of 0, or a score outside 0 to 1.
    """

    phrase: str
    """The caller's own words, letter for letter."""

    box_xyxy_px: tuple[float, float, float, float]
    """In pixels of the original image, clipped to it; 0 is the outer edge of the first pixel."""

    score: float
    """How sure the detector is, 0 to 1; scores of different detectors are not comparable."""

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.box_xyxy_px
        if not (0 <= x0 < x1 < float("inf") and 0 <= y0 < y1 < float("inf")):
            message = f"box_xyxy_px must satisfy 0 <= x0 < x1 and 0 <= y0 < y1; got {self.box_xyxy_px}."
            raise OcclusionError("bad_detection", message)
        if not 0 <= self.score <= 1:
            raise OcclusionError("bad_detection", f"score must be 0 to 1; got {self.score}.")


@dataclass(frozen=True)
class Undetected:
    """Why one item of a batch has no detections; what a call with that item alone would raise."""

    reason: str
    """A short slug for accounts: that of a bad phrase, `bad_image`, `not_a_number`, `out_of_memory`, or of a
    lost worker."""

    detail: str = ""

    def error(self) -> OcclusionError:
        """Return it as the error of a single call."""
        return OcclusionError(self.reason, self.detail)


def too_large(item: object) -> Undetected:
    """Return the result of an image that does not fit in memory alone."""
    return Undetected("out_of_memory", "the image alone ran out of memory. Make it smaller, or give fewer phrases.")


class Detector(Protocol):
    """Anything that finds things by name: a model, or annotations.

    One that cannot look for every phrase also has `refusal(phrase) -> OcclusionError | None`, which tells beforehand.
    """

    def __call__(self, image: Image, phrases: Sequence[str]) -> list[Detection]:
        """Return what was found, best score first (see `by_score`); no phrases, no detections.

        Raises:
            OcclusionError: phrases that `normalized_phrases` refuses, or that this detector cannot look for.
        """
        ...


def by_score(detections: Iterable[Detection]) -> list[Detection]:
    """Sort by score, highest first; equal scores by phrase, then by box, so that the order is always the same.

    >>> found = [Detection(name, (0.0, 0.0, 1.0, 1.0), score) for name, score in (("b", 0.5), ("a", 0.5), ("c", 0.9))]
    >>> [one.phrase for one in by_score(found)]
    ['c', 'a', 'b']
    """
    return sorted(detections, key=lambda one: (-one.score, one.phrase, one.box_xyxy_px))


def normalized_phrases(phrases: Sequence[str]) -> tuple[str, ...]:
    """Return the phrases in lower case with single spaces, one for each, as models read them.

    Two phrases that differ in case or white space alone are refused, not merged: one of them would never be found.

    Raises:
        OcclusionError: `phrases_are_text` (a single string), `empty_phrase`, `duplicate_phrase`.

    >>> normalized_phrases(["Traffic  Light ", "dog"])
    ('traffic light', 'dog')
    """
    if isinstance(phrases, str):
        raise OcclusionError("phrases_are_text", f"phrases must be a list of texts; got the text {phrases!r}.")
    first: dict[str, str] = {}
    for phrase in phrases:
        plain = " ".join(phrase.split()).lower()
        if not plain:
            raise OcclusionError("empty_phrase", f"a phrase must have a word; got {phrase!r}.")
        if plain in first:
            message = f"phrases must differ in more than case and space; got {first[plain]!r} and {phrase!r}."
            raise OcclusionError("duplicate_phrase", message)
        first[plain] = phrase
    return tuple(first)


def clipped_box(box_xyxy_px: Sequence[float], size_wh: tuple[int, int]) -> tuple[float, float, float, float] | None:
    """Return the part of a box that lies in the image, or None where there is none.

    >>> clipped_box((-4, 10, 20, 90), (64, 48)), clipped_box((70, 0, 80, 9), (64, 48))
    ((0.0, 10.0, 20.0, 48.0), None)
    """
    x0, y0, x1, y1 = (float(value) for value in box_xyxy_px)
    width, height = size_wh
    x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
