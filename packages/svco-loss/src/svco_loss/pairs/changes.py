"""How little the images of a pair differ: the fewer pixels change, the closer the pair is to one visual detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from svco_loss.errors import SvcoLossError
from svco_loss.pairs.mvc import ImagePair, RefusedPair
from svco_loss.pairs.pixels import open_pixels, require_rgb
from svco_loss.pairs.similarity import ImageEmbedder
from svco_loss.pairs.vectors import checked_vectors, cosine

if TYPE_CHECKING:
    from PIL import Image

CHANGE_TOLERANCE = 32
"""Difference of a channel, on 0..255, up to which a pixel counts as unchanged.

JPEG compression of three photographs changed 0.4 % of the pixels by more at quality 75, and 1.1 % at quality 50; above
a tolerance of 16 it was 6 % and 10 %.
"""


@dataclass(frozen=True)
class Minimality:
    """How much of an image pair differs."""

    changed_share: float
    """Of the pixels of image a, 0 to 1."""
    box_xyxy_px: tuple[int, int, int, int] | None
    """Around all changed pixels, in pixels of image a, right and lower edge outside; None where nothing changed."""
    mean_difference: float
    """Mean absolute difference over pixels and channels, 0 to 255, small ones included."""
    embedding_distance: float | None = None
    """1 - cosine of the images' vectors, 0 to 2; None without an embedder."""


def minimality(
    image_a: Image.Image,
    image_b: Image.Image,
    *,
    embedder: ImageEmbedder | None = None,
    tolerance: int = CHANGE_TOLERANCE,
) -> Minimality:
    """Measure what differs between two images in RGB.

    A pixel has changed if one of its channels differs by more than `tolerance`. If the sizes differ, image b is
    stretched to the size of image a (bilinear, antialiased); the embedder sees both as they are.

    Raises:
        EmbeddingError: the embedder's vectors are not what they must be.
        SvcoLossError: an image is not in RGB, or `tolerance` is not in [0, 255].

    >>> from PIL import Image
    >>> one, other = Image.new("RGB", (8, 4)), Image.new("RGB", (8, 4))
    >>> other.putpixel((2, 1), (0, 96, 0))
    >>> minimality(one, other)
    Minimality(changed_share=0.03125, box_xyxy_px=(2, 1, 3, 2), mean_difference=1.0, embedding_distance=None)
    """
    from PIL import ImageChops

    if not 0 <= tolerance <= 255:
        raise SvcoLossError(f"tolerance must lie in [0, 255]; got {tolerance}")
    for image in (image_a, image_b):
        require_rgb(image)
    difference = ImageChops.difference(image_a, _at_size(image_b, image_a.size))
    red, green, blue = difference.split()
    largest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    changed = largest.point([0] * (tolerance + 1) + [255] * (255 - tolerance))
    total = sum(index % 256 * count for index, count in enumerate(difference.histogram()))
    pixels = image_a.width * image_a.height
    return Minimality(
        changed_share=changed.histogram()[255] / pixels,
        box_xyxy_px=changed.getbbox(),
        mean_difference=total / (3 * pixels),
        embedding_distance=_distance(image_a, image_b, embedder) if embedder else None,
    )


def pair_minimalities(
    pairs: Sequence[ImagePair],
    *,
    image_root: Path | None = None,
    embedder: ImageEmbedder | None = None,
    tolerance: int = CHANGE_TOLERANCE,
) -> list[Minimality | RefusedPair]:
    """Measure each pair, or say which of its images is bad; images are opened one pair at a time.

    Wrap the embedder in `CachedImageEmbedder` where pairs share images.

    Raises:
        EmbeddingError: the embedder's vectors are not what they must be.
        SvcoLossError: `tolerance` is not in [0, 255], or box-space is not installed.
    """

    def measured(pair: ImagePair) -> Minimality | RefusedPair:
        from box_space import ImageError

        try:
            images = [open_pixels(path, image_root=image_root) for path in (pair.image_a, pair.image_b)]
        except ImageError as error:
            return RefusedPair(pair.row, error.reason, str(error))
        return minimality(*images, embedder=embedder, tolerance=tolerance)

    return [measured(pair) for pair in pairs]


def _at_size(image: Image.Image, size_wh: tuple[int, int]) -> Image.Image:
    from PIL import Image

    return image if image.size == size_wh else image.resize(size_wh, Image.Resampling.BILINEAR)


def _distance(image_a: Image.Image, image_b: Image.Image, embedder: ImageEmbedder) -> float:
    vector_a, vector_b = checked_vectors(embedder([image_a, image_b]), 2)
    return 1 - cosine(vector_a, vector_b)
