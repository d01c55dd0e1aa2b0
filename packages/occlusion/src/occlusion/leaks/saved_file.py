"""What a saved picture gives away beside what it shows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from box_space import FORMATS
from PIL import Image, UnidentifiedImageError

from occlusion.errors import OcclusionError
from occlusion.leaks.containers import bytes_after_end
from occlusion.leaks.leak import Leak
from occlusion.leaks.metadata import metadata_texts, previews
from occlusion.leaks.naming import holds_sentence, words_in_common
from occlusion.leaks.pixels import shows_object
from occlusion.objects import Mask, Pixels

_SHOWN_TEXT = 60


class SavedFile(NamedTuple):
    """A file and the picture in it."""

    data: bytes
    picture: Image.Image

    @property
    def pixels(self) -> Pixels:
        """The colours, whatever the alpha channel says of them."""
        return np.asarray(self.picture.convert("RGB"))


def open_file(path: str | Path) -> SavedFile:
    """Read a file whole.

    Raises:
        OcclusionError: `unreadable_image`.
    """
    try:
        data = Path(path).read_bytes()
        Image.init()
        picture = Image.open(io.BytesIO(data), formats=[name for name in FORMATS if name in Image.OPEN])
        picture.load()
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise OcclusionError("unreadable_image", f"{path} must be a whole image file; {error}.") from error
    return SavedFile(data, picture)


def file_leaks(
    file: SavedFile, *, entity_head: str, caption: str, before: Pixels | None, masks: list[Mask]
) -> Iterator[Leak]:
    """Yield `alpha`, `frames`, `preview`, `metadata` and `trailing_bytes`."""
    if file.picture.has_transparency_data and np.asarray(file.picture.convert("RGBA"))[..., 3].min() < 255:
        yield Leak("alpha", "some pixels are not opaque: an alpha channel can hold the object, or its outline")
    if (frames := getattr(file.picture, "n_frames", 1)) > 1:
        yield Leak("frames", f"the file holds {frames} pictures")
    for where, small in previews(file.picture, file.data):
        if small is None:
            yield Leak("preview", f"{where}: pictures that are too large or too many to look at")
        elif before is None or not masks or shows_object(small, before, file.pixels, masks):
            yield Leak("preview", f"{where}: a preview of {small.width}x{small.height} px is of the original")
    yield from dict.fromkeys(_text_leaks(file, entity_head, caption))
    if after := bytes_after_end(file.data):
        yield Leak("trailing_bytes", f"{after} bytes follow the end of the picture")


def _text_leaks(file: SavedFile, entity_head: str, caption: str) -> Iterator[Leak]:
    for where, text in metadata_texts(file.picture, file.data):
        shown = text if len(text) <= _SHOWN_TEXT else text[:_SHOWN_TEXT] + "..."
        if words := words_in_common(text, entity_head):
            yield Leak("metadata", f"{where} says {', '.join(words)}: {shown!r}")
        elif caption and holds_sentence(text, caption):
            yield Leak("metadata", f"{where} holds the caption: {shown!r}")
