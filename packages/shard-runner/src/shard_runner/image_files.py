"""Bytes of images to files, one for each content."""

import hashlib
from pathlib import Path, PurePosixPath

from shard_runner.disk import write_whole

_HEADS = {
    b"\x89PNG\r\n\x1a\n": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF8": ".gif",
    b"BM": ".bmp",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
}


def store_image(folder: Path, data: bytes, name: str = "") -> Path:
    """Write an image's bytes, unchanged, to `<digest>.<ext>` in a folder, unless they are there, and return the path.

    The suffix is that of the format seen in the bytes, else of `name`, else `.img`. The file is whole or not there.
    """
    path = folder / f"{hashlib.blake2b(data, digest_size=16).hexdigest()}{_suffix(data, name)}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda temporary: temporary.write_bytes(data))
    return path


def _suffix(data: bytes, name: str) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    seen = next((suffix for head, suffix in _HEADS.items() if data.startswith(head)), "")
    return seen or PurePosixPath(name).suffix.lower() or ".img"
