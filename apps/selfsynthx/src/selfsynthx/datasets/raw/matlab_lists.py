"""Lists of texts in MATLAB 5 files, read without SciPy; nothing in them is executed."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from selfsynthx.errors import InputError

_HEADER_BYTES = 128
_MOST_BYTES = 1 << 28
"""Largest variable that is unpacked: 256 MiB; the lists that we read have some MB."""

_MATRIX, _COMPRESSED = 14, 15
_CELL, _CHAR = 1, 4
_ENCODINGS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16"}
"""Of texts, by the type of their numbers: 8 bits, 16 bits, UTF-8, UTF-16."""


class _Element(NamedTuple):
    kind: int
    content: bytes
    end: int
    """Where the next one begins."""


class _Array(NamedTuple):
    name: str
    kind: int
    """Class of the array: cell, char or another."""
    length: int
    """How many elements it has."""
    body: bytes
    """What follows its name."""


def read_text_cells(path: Path, variable: str) -> list[str]:
    """The texts of a cell array of one column or row, such as `file_list`.

    Raises:
        InputError: the file can't be read, is no MATLAB 5 file or damaged, or lacks such a variable.

    Source: "MAT-File Format", MathWorks, level 5.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror or error}.") from error
    mark = data[126:_HEADER_BYTES]
    if mark not in (b"IM", b"MI") or data[124:126] not in (b"\x00\x01", b"\x01\x00"):
        raise InputError(f"{path.name} must be a MATLAB 5 file; its header says otherwise. Get a whole copy.")
    order = "<" if mark == b"IM" else ">"
    try:
        arrays = [_array(body, order) for body in _variables(data[_HEADER_BYTES:], order)]
        cells = next((one for one in arrays if one.name == variable and one.kind == _CELL), None)
        if cells is not None:
            return [_text(_array(cell.content, order), order) for cell in _elements(cells.body, order)]
    except (struct.error, zlib.error, UnicodeDecodeError, ValueError, LookupError) as error:
        raise InputError(f"{path.name} is damaged or no list of texts: {error}. Get a whole copy.") from error
    names = ", ".join(one.name for one in arrays)
    raise InputError(f"{path.name} must have a cell array {variable}; it has {names or 'nothing'}.")


def _variables(data: bytes, order: str) -> Iterator[bytes]:
    """The bodies of the arrays of a file."""
    for element in _elements(data, order):
        if element.kind == _COMPRESSED:
            packed = zlib.decompressobj()
            unpacked = packed.decompress(element.content, _MOST_BYTES)
            if packed.unconsumed_tail:
                raise ValueError(f"a variable unpacks to more than {_MOST_BYTES} bytes")
            yield from (inner.content for inner in _elements(unpacked, order))
        elif element.kind == _MATRIX:
            yield element.content


def _elements(data: bytes, order: str) -> Iterator[_Element]:
    """The elements of a file or array; short ones hold their content in the tag."""
    start = 0
    while start < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, start)
        if kind >> 16:
            size, kind, begin, end = kind >> 16, kind & 0xFFFF, start + 4, start + 8
        else:
            begin = start + 8
            end = begin + size + (0 if kind == _COMPRESSED else -size % 8)
        if begin + size > len(data):
            raise ValueError(f"an element of {size} bytes ends behind its file or array")
        yield _Element(kind, data[begin : begin + size], end)
        start = end


def _array(body: bytes, order: str) -> _Array:
    flags, dims, name = islice(_elements(body, order), 3)
    length = math.prod(struct.unpack(f"{order}{len(dims.content) // 4}i", dims.content))
    kind = struct.unpack_from(f"{order}I", flags.content)[0] & 0xFF
    return _Array(name.content.decode("ascii"), kind, length, body[name.end :])


def _text(array: _Array, order: str) -> str:
    if array.kind != _CHAR:
        raise ValueError("a cell holds something else than a text")
    if not array.length:
        return ""
    kind, content, _ = next(_elements(array.body, order))
    encoding = _ENCODINGS[kind]
    return content.decode(f"{encoding}-{'le' if order == '<' else 'be'}" if encoding == "utf-16" else encoding)
