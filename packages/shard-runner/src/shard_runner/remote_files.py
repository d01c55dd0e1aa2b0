"""Files on object stores and other file systems, by URI, through fsspec (extra `shard-runner[remote]`).

Keys and endpoints come from the environment or from fsspec's own configuration.
"""

import io
import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from shard_runner.errors import ShardRunnerError, TableError
from shard_runner.streams import CHUNK_BYTES, stream_digest
from shard_runner.uris import has_pattern, masked, secrets_in

_MARKS = ("ETag", "etag", "md5Hash", "content_md5", "generation", "crc32c")  # each changes when the bytes do


@dataclass(frozen=True)
class RemoteFile:
    """A file in a store."""

    shown: str
    """Its URI as it may be printed, without keys."""
    system: Any
    """The store, an fsspec file system."""
    path: str
    """Its path there."""
    secrets: tuple[str, ...] = ()
    """What must never be printed."""

    def errors(self, deed: str) -> Any:
        """Return the context in which errors of the store become TableErrors: `... can't be {deed}: ...`."""
        return _store_errors(self.shown, self.secrets, deed)


@contextmanager
def _store_errors(shown: str, secrets: Sequence[str], deed: str) -> Generator[None]:
    """Turn whatever a store raises into a TableError: each store's library has errors of its own kinds."""
    try:
        yield
    except ShardRunnerError:
        raise
    except Exception as error:
        full = "".join(traceback.format_exception(error))
        cause = error if masked(full, secrets) == full else None  # the cause would be printed with its keys
        raise TableError(f"{shown} {_reason(error, deed, secrets)}") from cause


def _reason(error: Exception, deed: str, secrets: Sequence[str]) -> str:
    text = masked(" ".join(str(error).split()), secrets) or type(error).__name__
    if isinstance(error, ImportError):
        if error.name == "fsspec":
            return "needs fsspec; install it with: pip install 'shard-runner[remote]'"
        return f"needs one more library: {text}"
    if isinstance(error, FileNotFoundError):
        return f"can't be {deed}: No such file or folder"
    return f"can't be {deed}: {text}"


def remote_file(uri: str) -> RemoteFile:
    """Return the file that a URI names, whether or not it is there.

    Raises:
        TableError: when fsspec or the library of its store is not installed, or there is no such kind of store.
    """
    shown, secrets = masked(uri), secrets_in(uri)
    with _store_errors(shown, secrets, "reached"):
        import fsspec

        system, path = cast("tuple[Any, str]", fsspec.core.url_to_fs(uri))
        return RemoteFile(shown, system, path, secrets)


def remote_files(uri: str) -> list[RemoteFile]:
    """Return the files that a URI or a pattern (`*`, `?`, `[...]`, `**`) names, sorted by path.

    Raises:
        TableError: when there is none, when it is a folder, or the store is out of reach.
    """
    file = remote_file(uri)
    with file.errors("read"):
        try:
            kind = _fresh_info(file)["type"]
        except FileNotFoundError:
            if not has_pattern(file.path):
                raise
            return _matches(file)
        if kind == "directory":
            raise TableError(f"{file.shown} is a folder; name a file, or a pattern such as {file.shown}/*.parquet")
    return [file]


def _fresh_info(file: RemoteFile) -> dict[str, Any]:
    file.system.invalidate_cache()  # a listing kept from before would hide what changed
    return file.system.info(file.path)


def _matches(file: RemoteFile) -> list[RemoteFile]:
    found: dict[str, dict[str, Any]] = file.system.glob(file.path, detail=True)
    paths = sorted(path for path, info in found.items() if info["type"] == "file")
    if not paths:
        raise FileNotFoundError(file.path)
    names = [masked(file.system.unstrip_protocol(path), file.secrets) for path in paths]
    return [RemoteFile(name, file.system, path, file.secrets) for name, path in zip(names, paths, strict=True)]


def open_remote(file: RemoteFile, *, readahead: bool = True) -> BinaryIO:
    """Open a file for reading; what goes wrong then, too, is a TableError.

    Without `readahead` each read is one request of just that size, for a reader that jumps to and fro.

    Raises:
        TableError: when it is missing or out of reach.
    """
    with file.errors("read"):
        if readahead:
            return io.BufferedReader(_Reader(file, file.system.open(file.path, "rb")), CHUNK_BYTES)
        return cast("BinaryIO", _Reader(file, file.system.open(file.path, "rb", cache_type="none")))


class _Reader(io.RawIOBase):
    """A store's file as a raw stream with a place of its own (the store in memory shares one among all readers)."""

    def __init__(self, file: RemoteFile, stream: Any) -> None:
        self._file, self._stream, self._at = file, stream, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._file.errors("read"):
            self._stream.seek(self._at)
            data: bytes = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with self._file.errors("read"):
            self._stream.seek(self._at)
            self._at = self._stream.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def remote_version(file: RemoteFile) -> str:
    """Return a text that stays the same while the file's bytes do.

    It is the store's own mark of the content (ETag, MD5, generation) with the size where there is a strong one;
    else the file is read. A time is no proof, and fsspec's `checksum` may hold nothing but name and size.

    Raises:
        TableError: when the file is missing or out of reach.
    """
    with file.errors("read"):
        info = _fresh_info(file)
    for name in _MARKS:
        if info.get(name) and not str(info[name]).startswith("W/"):
            return f"{name}:{info[name]}:{info.get('size')}"
    with open_remote(file) as stream:
        return stream_digest(stream)
