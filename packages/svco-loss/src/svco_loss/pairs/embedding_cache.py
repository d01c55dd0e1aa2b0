"""Image vectors kept on disk by the pixels they are of, so that no later run pays for an image again."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svco_loss.errors import EmbeddingCacheError
from svco_loss.pairs.png_store import pixel_digest
from svco_loss.pairs.similarity import ImageEmbedder
from svco_loss.pairs.vectors import checked_vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

_FORMAT = "svco-loss image vectors 1"
_PATIENCE_S = 60.0
_KEYS_A_QUERY = 500


class CachedImageEmbedder:
    """An `ImageEmbedder` that looks each image up in a file first and writes there what it had to embed.

    The file (SQLite, on a local disk) may be shared by threads, processes and embedders: an entry's key is the digest
    of the embedder's name and of the decoded pixels, wherever the image came from. A call writes all its vectors or
    none, so that a killed run loses its last call. Entries are float32 with a checksum; one that does not match is
    embedded anew. An entry takes 4.7 kB at D = 1024; nothing is ever dropped: delete the file to start anew.
    """

    def __init__(self, embedder: ImageEmbedder, path: str | os.PathLike[str]) -> None:
        """Take the embedder and the file, which is made if it is not there.

        Raises:
            EmbeddingCacheError: the embedder has no name, or the file cannot be opened.
        """
        if not embedder.name:
            raise EmbeddingCacheError(
                f"{type(embedder).__name__} has no name; give it one line that changes whenever its vectors may"
            )
        self.name: str = embedder.name
        self.path = Path(path)
        self._embedder, self._lock = embedder, threading.Lock()
        self._create()

    def __call__(self, images: Sequence[Image.Image], /) -> NDArray[np.float32]:
        """Return unit vectors `(N, D)`, float32; equal images of a call are embedded once.

        Raises:
            EmbeddingCacheError: the file cannot be read or written, or holds vectors of another length.
            EmbeddingError: the embedder's vectors are not what they must be; nothing is written.
        """
        import numpy as np

        if not images:
            return checked_vectors(self._embedder(images), 0)
        keys = [self._key(image) for image in images]
        with self._lock:  # no thread embeds what another is about to
            found = self._read(list(dict.fromkeys(keys)))
            missing = {key: image for key, image in zip(keys, images, strict=True) if key not in found}
            if missing:
                vectors = checked_vectors(self._embedder(list(missing.values())), len(missing))
                new = dict(zip(missing, vectors, strict=True))
                self._write(new)
                found |= new
        self._check_lengths({len(vector) for vector in found.values()})
        return np.stack([found[key] for key in keys])

    def __len__(self) -> int:
        """Vectors in the file, of all embedders together."""
        with self._open() as database:
            return database.execute("SELECT count(*) FROM vectors").fetchone()[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._embedder, self.path)

    def _create(self) -> None:
        with self._open() as database:
            if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'vectors'").fetchone():
                return  # a complete cache may be read where nothing can be written
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB, checksum BLOB)")

    def _key(self, image: Image.Image) -> bytes:
        content = "\0".join((_FORMAT, self.name, pixel_digest(image)))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()

    def _read(self, keys: list[bytes]) -> dict[bytes, NDArray[np.float32]]:
        import numpy as np

        found: dict[bytes, NDArray[np.float32]] = {}
        with self._open() as database:
            for start in range(0, len(keys), _KEYS_A_QUERY):
                some = keys[start : start + _KEYS_A_QUERY]
                query = f"SELECT key, vector, checksum FROM vectors WHERE key IN ({','.join('?' * len(some))})"
                for key, vector, checksum in database.execute(query, some):
                    if isinstance(vector, bytes) and len(vector) % 4 == 0 and checksum == _checksum(key, vector):
                        found[key] = np.frombuffer(vector, "<f4").astype(np.float32)
        return found

    def _write(self, rows: dict[bytes, NDArray[np.float32]]) -> None:
        """Replace what is there: only entries that are missing or broken come here, or just written by another."""
        packed = [(key, vector.astype("<f4").tobytes()) for key, vector in rows.items()]
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [(key, vector, _checksum(key, vector)) for key, vector in packed],
            )

    def _check_lengths(self, lengths: set[int]) -> None:
        if len(lengths) > 1:
            raise EmbeddingCacheError(
                f"{self.path} holds vectors of {sorted(lengths)} numbers under one name, {self.name!r}; give each "
                "model a name of its own and delete the file"
            )

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection for one transaction: none is ever shared by threads or carried into a forked process."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self.path, timeout=_PATIENCE_S)
            try:
                with database:
                    yield database
            finally:
                database.close()
        except (sqlite3.Error, OSError) as error:
            raise EmbeddingCacheError(
                f"{self.path} cannot be used as a cache of embeddings: {error}. Its folder must be writable; a damaged "
                "file may be deleted"
            ) from error


def _checksum(key: bytes, vector: bytes) -> bytes:
    return hashlib.blake2b(key + vector, digest_size=16).digest()
