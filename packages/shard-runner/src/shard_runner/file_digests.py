"""What tells one version of a user's file from another, for fingerprints and rows."""

import hashlib
from pathlib import Path

_STAMPED_BYTES = 1 << 16


def file_digest(path: Path | None, *, error: type[Exception]) -> str | None:
    """Return a hash of a file's content; None of no file.

    Args:
        path: Of the file.
        error: What is raised where it can't be read, such as an app's own.

    Raises:
        Exception: It can't be read; of the class `error`.
    """
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as cause:
        raise error(f"{path} can't be read: {cause.strerror or cause}.") from cause


def file_stamp(path: Path) -> str:
    """Return a hash of a file's size and first 64 KiB, which tells a changed image without reading all of it.

    Empty where there is no such file; nothing but a file is opened, no pipe.
    """
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            content = file.read(_STAMPED_BYTES)
        return hashlib.blake2b(f"{path.stat().st_size}/".encode() + content, digest_size=8).hexdigest()
    except (OSError, ValueError):  # a name with NUL among them
        return ""
