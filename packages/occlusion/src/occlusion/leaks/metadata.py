"""Texts and pictures that an image file carries beside its pixels."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any, cast

from PIL import ExifTags, Image, UnidentifiedImageError

from occlusion.leaks.containers import png_chunks

# Pixels, and what Pillow itself has decoded into `info`.
_KNOWN_CHUNKS = ("IHDR", "PLTE", "IDAT", "IEND", "fdAT", "tEXt", "zTXt", "iTXt", "eXIf", "iCCP")
_IFDS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.IFD1)
_JPEG_START, _JPEG_END, _MOST_JPEGS = b"\xff\xd8\xff", b"\xff\xd9", 16
_PLAIN_RUN, _WIDE_RUN = re.compile(rb"[\x20-\x7e\x80-\xff]{3,}"), re.compile(rb"(?:[\x20-\x7e]\x00){2,}")
_IN_XMP = re.compile(r"<(?:\w+:)?image>([^<]{64,})</(?:\w+:)?image>")


def metadata_texts(picture: Image.Image, data: bytes) -> Iterator[tuple[str, str]]:
    """Yield (where, text) for all that reads like text: tags, comments, XMP, ICC names, PNG chunks, unknown bytes.

    Args:
        picture: opened from the file, loaded.
        data: the file.
    """
    for where, value in _values(picture, data):
        if isinstance(value, str):
            yield where, value
        else:
            yield from ((where, text) for text in _texts_in(value))


def previews(picture: Image.Image, data: bytes) -> Iterator[tuple[str, Image.Image | None]]:
    """Yield (where, small picture) for each JPEG inside the metadata: EXIF and Photoshop thumbnails, XMP previews.

    The picture is None where one is there that cannot be looked at: too large to decode, or one of too many.
    """
    seen: set[bytes] = set()
    for where, value in _values(picture, data):
        inside = _base64_jpegs(value) if isinstance(value, str) else _jpegs(value)
        for coded in islice(inside, _MOST_JPEGS):
            # Pillow gives the same bytes under more than one name.
            if (digest := sha256(coded).digest()) not in seen:
                seen.add(digest)
                yield from ((where, small) for small in _opened(coded))
        if next(inside, None) is not None:
            yield where, None


def _values(picture: Image.Image, data: bytes) -> Iterator[tuple[str, str | bytes]]:
    yield from _flat("", picture.info)
    exif = picture.getexif()
    yield from _flat("EXIF ", {ExifTags.TAGS.get(tag, tag): value for tag, value in exif.items()})
    for ifd in _IFDS:
        yield from _flat(f"EXIF {ifd.name} ", {ExifTags.TAGS.get(tag, tag): v for tag, v in exif.get_ifd(ifd).items()})
    yield from _flat("", getattr(picture, "applist", ()))
    yield from ((chunk.kind, chunk.data) for chunk in png_chunks(data) if chunk.kind not in _KNOWN_CHUNKS)


def _flat(where: str, value: Any) -> Iterator[tuple[str, str | bytes]]:
    """Every string and byte string inside a value, with the names on the way."""
    if isinstance(value, str):
        yield where.strip(), str(value)
    elif isinstance(value, bytes):
        yield where.strip(), value
    elif isinstance(value, Mapping):
        for name, inner in cast("Mapping[Any, Any]", value).items():
            yield from _flat(f"{where}{name} ", name)
            yield from _flat(f"{where}{name} ", inner)
    elif isinstance(value, Sequence):
        for inner in cast("Sequence[Any]", value):
            yield from _flat(where, inner)


def _texts_in(data: bytes) -> Iterator[str]:
    bare = _without_jpegs(data)  # A thumbnail's pixels would now and then read like a short word.
    yield from (run.decode("utf-8", errors="replace") for run in _PLAIN_RUN.findall(bare))
    yield from (run.decode("utf-16-le") for run in _WIDE_RUN.findall(bare))


def _without_jpegs(data: bytes) -> bytes:
    kept: list[bytes] = []
    at = 0
    while (start := data.find(_JPEG_START, at)) >= 0 and (end := data.find(_JPEG_END, start + 3)) >= 0:
        kept.append(data[at:start])
        at = end + len(_JPEG_END)
    return b"\x00".join([*kept, data[at:]])


def _jpegs(data: bytes) -> Iterator[bytes]:
    """Each from its start to the end of the data: a JPEG may hold another, and a reader stops at its end."""
    return (data[match.start() :] for match in re.finditer(_JPEG_START, data))


def _base64_jpegs(xmp: str) -> Iterator[bytes]:
    for match in _IN_XMP.finditer(xmp):
        try:
            yield base64.b64decode(re.sub(r"&#x[aAdD];|\s", "", match[1]), validate=True)
        except binascii.Error:
            continue  # No picture; what it says as a text is looked at elsewhere.


def _opened(coded: bytes) -> list[Image.Image | None]:
    """The picture, None for one that is too large to decode; empty where the bytes only began like a picture."""
    try:
        small = Image.open(io.BytesIO(coded), formats=["JPEG"])
        small.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return []
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return [None]
    return [small]
