"""Vectors kept on disk by content, so that no later run pays for a string again."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from answer_judge.embedding import Embedder, Vector, checked_vectors
from answer_judge.errors import CacheError

_FORMAT = "answer-judge vectors 1"
_PATIENCE_S = 60.0
_KEYS_A_QUERY = 500


class CacheSize(NamedTuple):
    """How large an embedding cache is."""

    entries: int
    """Vectors, of all embedders together."""
    bytes: int
    """Of the file."""


class CachedEmbedder:
    """An embedder that looks each text up in a file first and writes there what it had to embed.

    The file (SQLite, a local disk) may be shared by threads and processes, and by embedders: an entry's key is the
    digest of the embedder's identity and the text. Entries are float32 with a checksum; one that does not match is
    embedded anew. Threads wait for each other, so that none embeds what another is about to; processes do not. An
    entry takes 2.1 kB at D = 384 and 4.7 kB at D = 1024; nothing is ever dropped: delete the file to start anew.
    """

    def __init__(self, embedder: Embedder, path: str | PathLike[str], *, identity: str | None = None) -> None:
        """Take the embedder, the file, and what the vectors depend on if the embedder does not say (`identity`).

        Raises:
            CacheError: there is no identity, or the file cannot be opened.
        """
        known = identity or getattr(embedder, "identity", None)
        if not known:
            raise CacheError(
                f"{type(embedder).__name__} has no identity; pass identity='...', one line that changes with its model"
            )
        self.identity: str = known
        self.model_name: str | None = getattr(embedder, "model_name", None)
        self.path = Path(path)
        self._embedder, self._lock = embedder, threading.Lock()
        self._create()

    def __call__(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Return vectors `(N, D)`, float32.

        Raises:
            CacheError: the file cannot be read or written, or holds vectors of another length under this identity.
            EmbeddingError: the embedder returned the wrong shape or numbers that are not finite; nothing is written.
        """
        if not texts:
            return checked_vectors(self._embedder(texts), 0)
        keys = {text: self._key(text) for text in texts}
        with self._lock:
            found = self._read(list(keys.values()))
            missing = [text for text, key in keys.items() if key not in found]
            if missing:
                rows = dict(zip((keys[text] for text in missing), self._embed(missing), strict=True))
                self._write(rows)
                found |= rows
        return self._stack([found[keys[text]] for text in texts])

    def size(self) -> CacheSize:
        """Return how many vectors the file holds, and its bytes."""
        with self._open() as database:
            (entries,) = database.execute("SELECT count(*) FROM vectors").fetchone()
        return CacheSize(entries, self.path.stat().st_size)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self._embedder, self.path, self.identity)

    def _create(self) -> None:
        with self._open() as database:
            if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'vectors'").fetchone():
                return  # a complete cache may be read where nothing can be written
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB, checksum BLOB)")

    def _embed(self, texts: list[str]) -> list[Vector]:
        return list(checked_vectors(self._embedder(texts), len(texts)))

    def _key(self, text: str) -> bytes:
        content = "\0".join((_FORMAT, self.identity, text))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()

    def _read(self, keys: list[bytes]) -> dict[bytes, Vector]:
        found: dict[bytes, Vector] = {}
        with self._open() as database:
            for start in range(0, len(keys), _KEYS_A_QUERY):
                some = keys[start : start + _KEYS_A_QUERY]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, vector, checksum FROM vectors WHERE key IN ({marks})"
                for key, vector, checksum in database.execute(query, some):
                    if isinstance(vector, bytes) and len(vector) % 4 == 0 and checksum == _checksum(key, vector):
                        found[key] = np.frombuffer(vector, "<f4")
        return found

    def _write(self, rows: dict[bytes, Vector]) -> None:
        """Replace what is there: only entries that are missing or broken come here, or just written by another."""
        packed = ((key, vector.astype("<f4").tobytes()) for key, vector in rows.items())
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                ((key, vector, _checksum(key, vector)) for key, vector in packed),
            )

    def _stack(self, vectors: list[Vector]) -> NDArray[np.float32]:
        lengths = {len(vector) for vector in vectors}
        if len(lengths) > 1:
            raise CacheError(
                f"{self.path} holds vectors of {sorted(lengths)} numbers under one identity, {self.identity!r}; "
                "give each model an identity of its own and delete the file"
            )
        return np.stack(vectors)

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
            raise CacheError(
                f"cannot use the embedding cache {self.path}: {error}. Its folder must be writable; a damaged file may "
                "be deleted"
            ) from error


def _reopened(embedder: Embedder, path: Path, identity: str) -> CachedEmbedder:
    return CachedEmbedder(embedder, path, identity=identity)


def _checksum(key: bytes, vector: bytes) -> bytes:
    return hashlib.blake2b(key + vector, digest_size=16).digest()
