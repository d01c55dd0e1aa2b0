"""The bytes of an image file besides its pixels: PNG chunks, and what follows the end of a PNG or JPEG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_JPEG_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD9))
_JPEG_END = 0xD9
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


class Chunk(NamedTuple):
    """A part of a PNG."""

    kind: str
    data: bytes
    end: int
    """Where it ends in the file."""


def png_chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a PNG up to its end; none for other files."""
    at = len(_PNG)
    while data.startswith(_PNG) and at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8].decode("latin-1")
        yield Chunk(kind, data[at + 8 : at + 8 + length], at + 12 + length)
        at += 12 + length
        if kind == "IEND":
            return


def bytes_after_end(data: bytes) -> int:
    """How many bytes follow the end of a PNG or JPEG; 0 for other files, and for one without an end."""
    if data.startswith(_PNG):
        ends = [chunk.end for chunk in png_chunks(data) if chunk.kind == "IEND"]
        return max(len(data) - ends[0], 0) if ends else 0
    if data.startswith(_JPEG):
        return len(data) - _jpeg_end(data)
    return 0


def _jpeg_end(data: bytes) -> int:
    """Just after the end marker; the end of the data where there is none."""
    at = 2
    while marker := _NEXT_MARKER.search(data, at):
        kind, at = data[marker.end() - 1], marker.end()
        if kind == _JPEG_END:
            return at
        # Segments are skipped by their length; after the header of a scan, the search passes over its coded data.
        at += 0 if kind in _JPEG_WITHOUT_LENGTH else int.from_bytes(data[at : at + 2], "big")
    return len(data)
