"""The folder that a task reads: files that must be there, and pictures that come inside tables."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bench_eval.errors import FileError
from bench_eval.whole_files import write_bytes_whole

_SUFFIXES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp", b"GIF8": ".gif", b"BM": ".bmp"}


@dataclass(frozen=True)
class DataFolder:
    """Data of one task."""

    root: Path
    """Where its files are."""
    pictures: Path
    """Where pictures that a table holds as bytes are written, since models are asked with paths."""

    def file(self, *names: str) -> Path:
        """Return the path of the first name that exists.

        Raises:
            FileError: none does.
        """
        found = next((self.root / name for name in names if (self.root / name).exists()), None)
        if found is None:
            raise FileError(f"{self.root} must hold {' or '.join(names)}; there is no such file.")
        return found

    def find(self, pattern: str) -> list[Path]:
        """List the files that fit a pattern such as `**/val-*.parquet`, sorted; none where there are none."""
        return sorted(self.root.glob(pattern))

    def image(self, name: str) -> str:
        """Return the absolute path of a picture of the folder; it need not exist, but must lie inside.

        Raises:
            FileError: the name leaves the folder, or is none.
        """
        if ".." in Path(name).parts or Path(name).is_absolute() or "\0" in name or not name.strip():
            raise FileError(f"pictures must lie in {self.root}; got {name!r}.")
        return str((self.root / name).absolute())

    def save_picture(self, data: bytes) -> str:
        """Write a picture under the name of its content, unless it is there, and return its absolute path."""
        suffix = next((suffix for magic, suffix in _SUFFIXES.items() if data.startswith(magic)), ".img")
        path = self.pictures / (hashlib.sha256(data).hexdigest()[:32] + suffix)
        if not path.exists():
            write_bytes_whole(path, data)
        return str(path.absolute())
