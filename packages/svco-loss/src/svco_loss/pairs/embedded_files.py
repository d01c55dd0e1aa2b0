"""Image files as vectors: each file opened once, each picture embedded once, bad files set aside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from svco_loss.pairs.pixels import open_pixels
from svco_loss.pairs.png_store import pixel_digest
from svco_loss.pairs.similarity import ImageEmbedder
from svco_loss.pairs.vectors import checked_vectors

if TYPE_CHECKING:
    import numpy as np
    from box_space import ImageError
    from numpy.typing import NDArray
    from PIL import Image

    Vectors: TypeAlias = tuple[NDArray[np.float32], ...]

_MOST_IMAGES = 256
_MOST_PIXELS = 1 << 26


class EmbeddedFiles(NamedTuple):
    """What became of each path."""

    vectors: dict[str, Vectors]
    """One vector `(D,)` for each embedder; paths to equal pixels share them. 8.7 kB an image at D = 1152 and 1024."""
    errors: dict[str, ImageError]
    """Of paths that could not be opened."""


def embed_files(
    paths: Iterable[str], embedders: Sequence[ImageEmbedder], *, image_root: Path | None = None
) -> EmbeddedFiles:
    """Embed each distinct picture once with each embedder; at most 256 pictures are held at a time.

    Raises:
        EmbeddingError: an embedder's vectors are not what they must be.
        SvcoLossError: box-space is not installed.
    """
    done = EmbeddedFiles({}, {})
    by_pixels: dict[str, Vectors] = {}
    for batch in _opened(dict.fromkeys(paths), image_root, done.errors):
        digests = {path: pixel_digest(image) for path, image in batch.items()}
        new = {digests[path]: image for path, image in batch.items() if digests[path] not in by_pixels}
        if new:
            rows = [checked_vectors(embedder(list(new.values())), len(new)) for embedder in embedders]
            by_pixels |= {digest: tuple(row[index] for row in rows) for index, digest in enumerate(new)}
        done.vectors.update({path: by_pixels[digest] for path, digest in digests.items()})
    return done


def _opened(paths: Iterable[str], root: Path | None, errors: dict[str, ImageError]) -> Iterator[dict[str, Image.Image]]:
    """Opened images in batches that are small in number and in pixels; errors are noted."""
    from box_space import ImageError

    batch: dict[str, Image.Image] = {}
    pixels = 0
    for path in paths:
        try:
            image = open_pixels(path, image_root=root)
        except ImageError as error:
            errors[path] = error
            continue
        batch[path] = image
        pixels += image.width * image.height
        if len(batch) >= _MOST_IMAGES or pixels >= _MOST_PIXELS:
            yield batch
            batch, pixels = {}, 0
    if batch:
        yield batch
