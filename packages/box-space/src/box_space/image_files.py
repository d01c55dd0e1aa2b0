"""The file of a picture that nobody has checked: where it really lies, and what tells its versions apart."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from box_space.errors import ImageError

_STAMPED_BYTES = 1 << 16


def image_stamp(path: str | os.PathLike[str], *, root: Path | None = None) -> str:
    """Return a hash of a file's size and first 64 KiB, which tells a replaced picture without reading all of it.

    Empty where `open_image` would find no file: nothing outside the root is opened, and no pipe.

    Args:
        path: a file; with `root`, relative to it.
        root: folder that the file must really be in; None allows any path.

    >>> image_stamp("no/such/file.png")
    ''
    """
    try:
        file = checked_file(Path(path), root)
        with file.open("rb") as opened:
            begin = opened.read(_STAMPED_BYTES)
        return hashlib.blake2b(f"{file.stat().st_size}/".encode() + begin, digest_size=8).hexdigest()
    except (ImageError, OSError):
        return ""


def checked_file(path: Path, root: Path | None) -> Path:
    """Return the real path of a regular, non-empty file inside the root, symbolic links followed.

    Raises:
        ImageError: `missing`, `outside_root`, `not_an_image`, `unreadable`.
    """
    try:
        file = (path if root is None else root / path).resolve()
        inside = root is None or file.is_relative_to(root.resolve())
        info = file.stat() if inside else None
    except PermissionError as error:
        raise ImageError("unreadable", f"{path} cannot be read: {error.strerror}.") from error
    except (OSError, RuntimeError, ValueError) as error:  # no such file, a loop of links, NUL in the name
        raise ImageError("missing", f"{str(path)!r} does not exist.") from error
    if info is None:
        raise ImageError("outside_root", f"{path} leads outside the image folder {root}.")
    if not stat.S_ISREG(info.st_mode) or info.st_size == 0:
        kind = "empty (0 bytes)" if stat.S_ISREG(info.st_mode) else "not a regular file"
        raise ImageError("not_an_image", f"{path} is {kind}.")
    return file
