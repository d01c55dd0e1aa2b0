"""New files, here or in a store, that get their name only when they are whole."""

import os
import uuid
from pathlib import Path
from typing import BinaryIO, Protocol

from shard_runner.disk import sync_folder
from shard_runner.remote_drafts import RemoteDraft
from shard_runner.uris import is_uri


class Draft(Protocol):
    """A new file under another name."""

    def open(self) -> BinaryIO:
        """Open it for writing; closing completes it."""
        ...

    def place(self) -> None:
        """Give it its name, replacing what had it."""
        ...

    def discard(self) -> None:
        """Remove it, where it is still there."""
        ...


class LocalDraft:
    """A new file on this machine's disks; its folder is made where there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")

    def open(self) -> BinaryIO:
        """Open it for writing."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self._temporary.open("wb")

    def place(self) -> None:
        """Rename it once its bytes are on disk."""
        with self._temporary.open("rb") as file:
            os.fsync(file.fileno())
        self._temporary.replace(self._path)
        sync_folder(self._path.parent)

    def discard(self) -> None:
        """Remove it, where it is still there."""
        self._temporary.unlink(missing_ok=True)


def draft_of(target: str | Path) -> Draft:
    """Return the draft of a file that a path or URI names.

    Raises:
        TableError: when the URI's store is out of reach.
    """
    return RemoteDraft(target) if isinstance(target, str) and is_uri(target) else LocalDraft(Path(target))
