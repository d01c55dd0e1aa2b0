"""What identifies files in fingerprints."""

import hashlib
from pathlib import Path

from selfsynthx.errors import InputError

_STAMPED_BYTES = 1 << 16


def file_digest(path: Path | None) -> str | None:
    """A short hash of a file's content; None of no file.

    Raises:
        InputError: it cannot be read.
    """
    if path is None:
        return None
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()
    except OSError as error:
        raise InputError(f"{path.name} can't be read: {error.strerror or error}.") from error


def image_stamp(path: Path) -> str:
    """A hash of an image file's size and first 64 KiB, which tells a changed image without reading all of it."""
    try:
        with path.open("rb") as file:
            content = file.read(_STAMPED_BYTES)
        return hashlib.blake2b(f"{path.stat().st_size}/".encode() + content, digest_size=8).hexdigest()
    except OSError:
        return ""
