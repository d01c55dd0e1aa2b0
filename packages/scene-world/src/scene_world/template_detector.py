"""A detector for the drawn world that knows outlines and nothing else: it finds what is there, and what looks alike."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from box_space import Box, OriginalPixels, ResizedPixels, iou
from numpy.typing import NDArray
from occlusion import Detection, by_score, normalized_phrases, singular
from PIL import Image

from scene_world.render import thing_tile, tile_box
from scene_world.scene import SIZE_PX
from scene_world.things import KINDS

LEAST_SCORE = 0.8
"""Low on purpose, as open-vocabulary detectors are run. Asked for what is there, it finds 92 % of the things, and a
third of the boxes that overlap no better one are wrong; asked for what is not there, it finds what looks alike."""

_SIDES_PX = (13, 14, 15, 16, 20, 21, 22, 23, 24)
_FFT = 128
_LEAST_DIFFERENCE = 34.0
"""From the usual colour of the picture, in the channel that differs most, 0 to 255."""

_SAME_BOX = 0.5
_MOST_PLACES = 400


class _Outline(NamedTuple):
    """One kind in one size, one way round."""

    area: float
    """Pixels that it covers."""
    box: tuple[int, int, int, int]
    """Around them, from the tile's corner."""
    side_px: int
    spectrum: NDArray[np.complex128]
    tile_spectrum: NDArray[np.complex128]


class TemplateDetector:
    """Finds kinds of the drawn world by matched filters over what stands out from the ground.

    It sees neither colours nor what is drawn inside an outline, so that a clock is also a plate: a stand-in for an
    open-vocabulary detector run at a low threshold, with honest mistakes for filters to find.

    >>> import scene_world as world
    >>> scene = world.sample_scene("train", 11)
    >>> {found.phrase for found in TemplateDetector()(world.render(scene), ["trains", "unicorn"])}
    {'trains'}
    """

    def __init__(self, *, least_score: float = LEAST_SCORE) -> None:
        """Take the least IoU of an outline with what stands out, 0 to 1."""
        self._least_score = least_score

    def __call__(self, image: Image.Image, phrases: Sequence[str]) -> list[Detection]:
        """Return boxes in pixels of the image, the best first; phrases whose last word is no kind find nothing.

        Args:
            image: a picture of `render`, or one of another size.
            phrases: names; those of detections are these very strings.

        Raises:
            occlusion.OcclusionError: phrases that differ in case or white space alone, or an empty one.
        """
        plain = normalized_phrases(phrases)
        small = image.convert("RGB").resize((SIZE_PX, SIZE_PX))
        stands_out = _stands_out(small)
        spectrum = np.fft.rfft2(stands_out, (_FFT, _FFT))
        original = OriginalPixels(*image.size)
        resized = ResizedPixels(original, SIZE_PX, SIZE_PX)
        found: list[Detection] = []
        for phrase, words in zip(phrases, plain, strict=True):
            kind = _kind(words)
            for score, box in self._places(spectrum, kind) if kind else ():
                found.append(Detection(phrase, Box(*box, space=resized).to(original).xyxy, score))
        return by_score(found)

    def _places(self, spectrum: NDArray[np.complex128], kind: str) -> list[tuple[float, tuple[int, int, int, int]]]:
        """Places of one kind, the best first, no two of which are the same box."""
        places: list[tuple[float, tuple[int, int, int, int]]] = []
        for outline in _outlines(kind):
            scores_hw = _scores(spectrum, outline)
            for y, x in zip(*np.nonzero(scores_hw > self._least_score), strict=True):
                x0, y0, x1, y1 = outline.box
                places.append((float(scores_hw[y, x]), (int(x) + x0, int(y) + y0, int(x) + x1, int(y) + y1)))
        places.sort(key=lambda place: (-place[0], place[1]))
        kept: list[tuple[float, tuple[int, int, int, int]]] = []
        for place in places[:_MOST_PLACES]:
            if all(iou([place[1]], [other[1]])[0, 0] < _SAME_BOX for other in kept):
                kept.append(place)
        return kept


def _kind(phrase: str) -> str | None:
    last = phrase.rsplit(" ", 1)[-1].strip(".,;")
    return next((word for word in (last, singular(last)) if word in KINDS), None)


def _stands_out(image: Image.Image) -> NDArray[np.float64]:
    pixels = np.asarray(image, np.float64)
    usual = np.median(pixels.reshape(-1, 3), 0)
    return (np.abs(pixels - usual).max(-1) > _LEAST_DIFFERENCE).astype(np.float64)


def _scores(spectrum: NDArray[np.complex128], outline: _Outline) -> NDArray[np.float64]:
    """IoU of the outline with what stands out under its tile, at every place of the tile's corner."""
    shared = np.fft.irfft2(spectrum * outline.spectrum, (_FFT, _FFT))
    under = np.fft.irfft2(spectrum * outline.tile_spectrum, (_FFT, _FFT))
    room = SIZE_PX - outline.side_px + 1
    return np.round((shared / (outline.area + under - shared))[:room, :room], 6)


@functools.cache
def _outlines(kind: str) -> tuple[_Outline, ...]:
    sides = [side for side in _SIDES_PX if kind != "sign" or side > 16]
    return tuple(_outline(kind, side, flip) for side in sides for flip in (False, True))


def _outline(kind: str, side: int, flip: bool) -> _Outline:
    mask = (np.asarray(thing_tile(kind, "red", side, flip, ""))[..., 3] > 100).astype(np.float64)
    whole = np.conj(np.fft.rfft2(np.ones((side, side)), (_FFT, _FFT)))
    spectrum = np.conj(np.fft.rfft2(mask, (_FFT, _FFT)))
    return _Outline(float(mask.sum()), tile_box(kind, "red", side, flip, ""), side, spectrum, whole)
