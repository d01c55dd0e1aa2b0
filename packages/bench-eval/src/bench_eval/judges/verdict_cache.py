"""Judges' replies kept on disk, so that no run pays twice for one."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from bench_eval.asking import Decoding
from bench_eval.errors import FileError

Result = TypeVar("Result")

_PATIENCE_S = 60.0
_KEYS_A_QUERY = 500
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class JudgeReply:
    """What a judge said."""

    text: str
    """As it came."""
    tokens: int = 0
    """New tokens it wrote; 0 when the sampler cannot tell."""


def reply_key(judge: str, messages: Any, decoding: Decoding, number: int) -> str:
    """Name a reply by all that it depends on: the judge, the prompt, the decoding and the try.

    >>> one, other = (reply_key("gpt-4-0613", "How right?", Decoding(), number) for number in (0, 1))
    >>> len(one), one == other
    (64, False)
    """
    content = json.dumps([judge, messages, asdict(decoding), number], sort_keys=True)
    return hashlib.sha256(content.encode("ascii")).hexdigest()


class VerdictCache:
    """Replies by key in an SQLite file on a local disk; processes may share it, and a kill loses no finished write.

    A damaged file is set aside, with a word in the log, and a new one begun; a damaged entry counts as missing.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Take the file; it is made at the first use."""
        self.path = Path(path)

    def find(self, keys: Iterable[str]) -> dict[str, JudgeReply]:
        """Return the replies that are known.

        Raises:
            FileError: the file can't be used.
        """
        wanted = list(keys)
        return self._attempt(lambda database: _read(database, wanted))

    def keep(self, replies: Mapping[str, JudgeReply]) -> None:
        """Write replies; they are on disk when this returns.

        Raises:
            FileError: the file can't be used.
        """
        packed = [(key, json.dumps([one.text, one.tokens])) for key, one in replies.items()]  # ASCII, whatever the text
        lines = [(key, reply, _checksum(key, reply)) for key, reply in packed]
        self._attempt(lambda database: database.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", lines))

    def _attempt(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        for _ in range(2):
            inode = self._inode()
            try:
                with self._open() as database:
                    return work(database)
            except sqlite3.Error as error:
                if error.sqlite_errorcode & 0xFF not in _CORRUPT:
                    raise self._unusable(error) from error
                self._set_aside(inode, error)
            except OSError as error:
                raise self._unusable(error) from error
        raise FileError(f"the verdict cache {self.path} is damaged again at once; check the disk.")

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection, None, None]:
        """One connection for one transaction, so that none is carried into another thread or process."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT, checksum TEXT)")
            yield database
            database.execute("COMMIT")
        finally:
            database.close()

    def _inode(self) -> int | None:
        return self.path.stat().st_ino if self.path.exists() else None

    def _set_aside(self, inode: int | None, error: Exception) -> None:
        """Rename the file, unless another process already did so and began a new one."""
        if inode is None or self._inode() != inode:
            return
        taken = (self.path.with_name(f"{self.path.name}.damaged-{number}") for number in range(1, 10_000))
        aside = next(path for path in taken if not path.exists())
        self.path.replace(aside)
        self.path.with_name(f"{self.path.name}-journal").unlink(missing_ok=True)
        _LOG.warning(
            "the verdict cache %s is damaged (%s); it is now %s, and a new one begins", self.path, error, aside
        )

    def _unusable(self, error: Exception) -> FileError:
        return FileError(f"the verdict cache {self.path} can't be used: {error}. Its folder must be writable.")


def _read(database: sqlite3.Connection, keys: list[str]) -> dict[str, JudgeReply]:
    found: dict[str, JudgeReply] = {}
    for start in range(0, len(keys), _KEYS_A_QUERY):
        some = keys[start : start + _KEYS_A_QUERY]
        query = f"SELECT key, reply, checksum FROM replies WHERE key IN ({','.join('?' * len(some))})"
        for key, reply, checksum in database.execute(query, some):
            if checksum == _checksum(key, reply):
                found[key] = JudgeReply(*json.loads(reply))
    return found


def _checksum(key: str, reply: Any) -> str:
    return hashlib.blake2b(f"{key} {reply}".encode("utf-8", "replace"), digest_size=16).hexdigest()
