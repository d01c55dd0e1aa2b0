"""Does a map know what the answer rests on? Hide or show patches in its order and watch a score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageStat

from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap, check_same_image, patch_edges_px

Score: TypeAlias = Callable[[Sequence[Image.Image]], Sequence[float]]
"""Scores of a batch of pictures, one each: a probability of the answer, or 1 for a right answer and 0 for a wrong."""

Fill: TypeAlias = Literal["mean", "blur"] | tuple[int, int, int] | Image.Image
"""What hidden patches show: the image's mean colour, the blurred image, an RGB colour, or a picture of equal size."""

HIDDEN_SHARES = (0.0, 0.25, 0.5, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
"""Hidden shares of Chefer et al. for LXMERT."""

BLUR_SHARE = 0.05
"""Radius of the blur (standard deviation) as a share of the image's shorter side."""


@dataclass(frozen=True)
class Curve:
    """A score against the share of patches hidden or shown."""

    shares: tuple[float, ...]
    """Of the patches on the picture, rising, 0 to 1."""
    scores: tuple[float, ...]
    """One per share."""

    @property
    def area(self) -> float:
        """Area under the curve by trapezoids, divided by the span of shares: a mean score."""
        return float(np.trapezoid(self.scores, self.shares)) / (self.shares[-1] - self.shares[0])


@dataclass(frozen=True)
class PerturbationTest:
    """Two deletion curves of one image, in opposite orders."""

    positive: Curve
    """Most relevant patches hidden first: a good map makes it fall early."""
    negative: Curve
    """Least relevant patches hidden first: a good map keeps it up."""

    @property
    def margin(self) -> float:
        """Area of the negative curve minus that of the positive: above 0 when the map knows; about 0 by chance."""
        return self.negative.area - self.positive.area


def deletion_curve(
    image: Image.Image, relevance: RelevanceMap, score: Score, *, steps: int = 20, fill: Fill = "mean"
) -> Curve:
    """Hide patches of an image, the most relevant first; the better the map, the smaller the area.

    Args:
        image: the map's original.
        relevance: patches count by what falls on the picture; equal ones go row by row, so compare with `random_order`.
        score: called once with `steps + 1` pictures, the first of them the image itself.
        steps: equal steps from none to all patches.
        fill: what hidden patches show.

    Raises:
        MapError: `other_image`, `bad_setting`, or `bad_scores` from the scoring function.

    Source: Petsiuk et al. 2018, RISE (there, pixels turn black; here, whole patches take the fill).

    >>> from box_space import OriginalPixels, PatchGrid
    >>> image = Image.new("RGB", (20, 10), "white")
    >>> relevance = RelevanceMap(np.array([[1.0, 2.0]]), PatchGrid(OriginalPixels(20, 10), columns=2, rows=1))
    >>> brightness = lambda pictures: [float(np.mean(picture)) / 255 for picture in pictures]
    >>> deletion_curve(image, relevance, brightness, steps=2, fill=(0, 0, 0))
    Curve(shares=(0.0, 0.5, 1.0), scores=(1.0, 0.5, 0.0))
    """
    return _curve(image, _filled(image, fill), _ranks_hw(relevance), relevance, score, _equal_steps(steps))


def insertion_curve(
    image: Image.Image, relevance: RelevanceMap, score: Score, *, steps: int = 20, fill: Fill = "blur"
) -> Curve:
    """Show patches of an image on a blurred or filled picture, the most relevant first; a good map has a large area.

    Arguments and errors as `deletion_curve`; the first picture scored is the fill, the last the image.

    Source: Petsiuk et al. 2018, RISE.
    """
    return _curve(_filled(image, fill), image, _ranks_hw(relevance), relevance, score, _equal_steps(steps))


def perturbation_test(
    image: Image.Image,
    relevance: RelevanceMap,
    score: Score,
    *,
    shares: Sequence[float] = HIDDEN_SHARES,
    fill: Fill = "mean",
) -> PerturbationTest:
    """Hide given shares of an image's patches, the most relevant first and the least relevant first.

    Args:
        image: the map's original.
        relevance: as in `deletion_curve`.
        score: called twice, with a picture per share.
        shares: hidden, rising, at least two, 0 to 1.
        fill: what hidden patches show.

    Raises:
        MapError: as `deletion_curve`.

    Source: Chefer et al. 2021, Generic Attention-model Explainability (there, tokens are dropped from the
    input; here, their patches take the fill, which any model can read).
    """
    hidden, filled = _checked_shares(shares), _filled(image, fill)
    positive = _curve(image, filled, _ranks_hw(relevance), relevance, score, hidden)
    negative = _curve(image, filled, _ranks_hw(relevance, least_first=True), relevance, score, hidden)
    return PerturbationTest(positive, negative)


def random_order(relevance: RelevanceMap, *, seed: int) -> RelevanceMap:
    """Return a map of the same patches in a random order, every order equally likely: the baseline of any curve."""
    covered = relevance.covered_hw()
    # Divided by what is covered, so that patches half on padding do not come last.
    values = 1.0 + np.random.default_rng(seed).permutation(covered.size).reshape(covered.shape)
    values = np.divide(values, covered, out=np.zeros_like(values), where=covered > 0)
    return RelevanceMap(values, relevance.grid, method="random", target=relevance.target)


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """Return the mean of the scores of many images at the same shares.

    Raises:
        MapError: `bad_setting` when there are no curves, or their shares differ.
    """
    if len({curve.shares for curve in curves}) != 1:
        raise MapError("bad_setting", f"curves must be at least one, of equal shares; got {len(curves)} of them.")
    return Curve(curves[0].shares, tuple(np.mean([curve.scores for curve in curves], axis=0).tolist()))


def _curve(
    start: Image.Image,
    end: Image.Image,
    ranks_hw: NDArray[np.intp],
    relevance: RelevanceMap,
    score: Score,
    shares: tuple[float, ...],
) -> Curve:
    """Scores on the way from one picture to another, patch by patch in the order of their ranks."""
    for image in (start, end):
        check_same_image(image, relevance)
    rows, columns = _patches_of_pixels(relevance)
    ranks_of_pixels = ranks_hw[np.ix_(rows, columns)][..., None]
    count = int(ranks_hw.max()) + 1
    start_pixels, end_pixels = np.asarray(start.convert("RGB")), np.asarray(end.convert("RGB"))
    changed = [round(share * count) for share in shares]
    pictures = [Image.fromarray(np.where(ranks_of_pixels < k, end_pixels, start_pixels)) for k in changed]
    return Curve(shares, _checked_scores(score(pictures), len(pictures)))


def _ranks_hw(relevance: RelevanceMap, *, least_first: bool = False) -> NDArray[np.intp]:
    """When each patch's turn comes, from 0; -1 for patches without a pixel of the picture."""
    rows, columns = _patches_of_pixels(relevance)
    here_hw = np.zeros(relevance.values_hw.shape, np.bool_)
    here_hw[np.ix_(np.unique(rows), np.unique(columns))] = True
    shares = relevance.shares()[here_hw]
    order = (shares if least_first else -shares).argsort(kind="stable")
    ranks = np.empty(len(order), np.intp)
    ranks[order] = np.arange(len(order))
    ranks_hw = np.full(here_hw.shape, -1, np.intp)
    ranks_hw[here_hw] = ranks
    return ranks_hw


def _patches_of_pixels(relevance: RelevanceMap) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The row of patches of each row of pixels `(H,)`, and the column of each column `(W,)`, by pixels' middles."""
    edges, original = patch_edges_px(relevance.grid), relevance.original
    rows = np.searchsorted(edges.y_px, np.arange(original.height) + 0.5, side="right") - 1
    columns = np.searchsorted(edges.x_px, np.arange(original.width) + 0.5, side="right") - 1
    return rows, columns


def _filled(image: Image.Image, fill: Fill) -> Image.Image:
    """The picture that hidden patches are cut from."""
    colours = image.convert("RGB")
    if isinstance(fill, Image.Image):
        return fill
    if fill == "blur":
        return colours.filter(ImageFilter.GaussianBlur(BLUR_SHARE * min(image.size)))
    if fill == "mean":
        red, green, blue = (round(mean) for mean in ImageStat.Stat(colours).mean)
        return Image.new("RGB", image.size, (red, green, blue))
    if isinstance(fill, str) or len(fill) != 3:
        raise MapError("bad_setting", f"fill must be 'mean', 'blur', an RGB colour or a picture; got {fill!r}.")
    return Image.new("RGB", image.size, fill)


def _equal_steps(steps: int) -> tuple[float, ...]:
    if steps < 1:
        raise MapError("bad_setting", f"steps must be at least 1; got {steps}.")
    return tuple(step / steps for step in range(steps + 1))


def _checked_shares(shares: Sequence[float]) -> tuple[float, ...]:
    rising = all(low < high for low, high in pairwise(shares))
    if len(shares) < 2 or not rising or shares[0] < 0 or shares[-1] > 1:
        raise MapError("bad_setting", f"shares must rise within 0 to 1, at least two of them; got {tuple(shares)}.")
    return tuple(map(float, shares))


def _checked_scores(scores: Sequence[float], count: int) -> tuple[float, ...]:
    numbers = np.asarray(scores, np.float64)
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        message = f"score must return a finite number for each of {count} pictures; got shape {numbers.shape}."
        raise MapError("bad_scores", message)
    return tuple(numbers.tolist())
