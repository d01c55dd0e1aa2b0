"""New files in stores, through fsspec, that get their name only when they are whole."""

import io
import uuid
from contextlib import suppress
from typing import Any, BinaryIO

from shard_runner.remote_files import RemoteFile, remote_file
from shard_runner.streams import CHUNK_BYTES

_FLAT = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci", "memory"}
"""Kinds of stores in which folders need not be made; in some of them making one makes a bucket."""


def make_parent(file: RemoteFile) -> None:
    """Make the folder that a new file is to lie in, where the store has folders."""
    kinds = file.system.protocol
    if not _FLAT & set([kinds] if isinstance(kinds, str) else kinds):
        file.system.makedirs(file.path.rpartition("/")[0], exist_ok=True)


def names_beside(uri: str) -> list[str]:
    """Return the names of the files in the folder of a URI's file.

    Raises:
        TableError: when the store is out of reach.
    """
    file = remote_file(uri)
    with file.errors("written"):
        file.system.invalidate_cache()
        try:
            found: list[str] = file.system.ls(file.path.rpartition("/")[0], detail=False)
        except FileNotFoundError:
            return []
    return [path.rstrip("/").rpartition("/")[2] for path in found]


class RemoteDraft:
    """A new file in a store, written under another name beside its own, and then moved there.

    Raises:
        TableError: from every method, when the store refuses.
    """

    def __init__(self, uri: str) -> None:
        self._file = remote_file(uri)
        parent, slash, name = self._file.path.rpartition("/")
        self._temporary = f"{parent}{slash}.{name}.{uuid.uuid4().hex[:8]}.tmp"

    def open(self) -> BinaryIO:
        """Open the draft for writing; closing it completes it."""
        with self._file.errors("written"):
            make_parent(self._file)
            return io.BufferedWriter(_Writer(self._file, self._file.system.open(self._temporary, "wb")), CHUNK_BYTES)

    def place(self) -> None:
        """Give the draft its name, replacing what had it."""
        with self._file.errors("written"):
            self._file.system.mv(self._temporary, self._file.path)

    def discard(self) -> None:
        """Remove the draft, where there is one."""
        with suppress(Exception):  # the error that led here is the one to tell
            self._file.system.rm_file(self._temporary)


class _Writer(io.RawIOBase):
    """A store's file to write to, whose errors are TableErrors."""

    def __init__(self, file: RemoteFile, stream: Any) -> None:
        self._file, self._stream, self._at = file, stream, 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        with self._file.errors("written"):
            self._stream.write(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        if not self.closed:
            super().close()
            with self._file.errors("written"):
                self._stream.close()
