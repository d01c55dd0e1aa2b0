"""Streams of bytes, read a piece at a time."""

import hashlib
from typing import BinaryIO

CHUNK_BYTES = 1 << 20


def stream_digest(file: BinaryIO) -> str:
    """Return the 128-bit digest of a stream's bytes as 32 hex digits.

    >>> import io
    >>> stream_digest(io.BytesIO(b"")) == hashlib.blake2b(digest_size=16).hexdigest()
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
