"""The journal of an open shard: one record for each finished batch, safe against kills and power cuts."""

import json
import logging
import os
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from shard_runner.disk import sync_folder, write_whole
from shard_runner.disk_errors import naming
from shard_runner.errors import ShardTaken
from shard_runner.plain import to_json
from shard_runner.verdicts import Verdict

_SYNC_SHARE = 0.005  # of the time at most is spent on waiting for the disk

_SHARD = "shard"  # no row's key, which is 32 hex digits

_log = logging.getLogger("shard_runner")


class JournalContent(NamedTuple):
    """What a journal holds."""

    shard: str | None
    """Fingerprint of the shard that it is of; None where it was torn off that early."""
    verdicts: dict[str, Verdict]
    """By row key."""
    records: bytes
    """The whole records; a torn or damaged one is left out."""


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        checksum, text = int(line[:8], 16), line[9:-1]
        whole = line.endswith(b"\n") and zlib.crc32(text) == checksum
        return json.loads(text) if whole else None
    except ValueError:
        return None


def read_journal(path: Path) -> JournalContent:
    """Return what a journal holds, which is nothing where there is no file.

    Each record carries its checksum and stands for itself, so that the rows of a damaged one are worked on again and
    no others are.
    """
    shard: str | None = None
    verdicts: dict[str, Verdict] = {}
    whole: list[bytes] = []
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines, start=1):
        record = _parse(line)
        if record is None:
            if number < len(lines):
                _log.warning("%s is damaged at record %d of %d; its rows are worked on again", path, number, len(lines))
            continue
        shard = record.pop(_SHARD, shard)
        verdicts.update((key, Verdict.from_list(verdict)) for key, verdict in record.items())
        whole.append(line)
    return JournalContent(shard, verdicts, b"".join(whole))


def is_journal(path: Path) -> bool:
    """Tell whether a file begins as a journal does."""
    with path.open("rb") as file:
        record = _parse(file.readline())
    return record is not None and _SHARD in record


def shard_record(shard_digest: str) -> bytes:
    """Return the first record of a journal: which shard it is of."""
    return _checked({_SHARD: shard_digest})


def to_record(verdicts: Mapping[str, Verdict]) -> bytes:
    """Return one record of the journal, given verdicts by row key."""
    return _checked({key: verdict.as_list() for key, verdict in verdicts.items()})


def _checked(record: Mapping[str, Any]) -> bytes:
    text = to_json(record).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(text), text)


class Journal:
    """Appends records to a shard's journal; each is one write, which a kill right after it can't undo.

    The disk is waited for (fsync) after every record, but where records come so fast that this would take more than
    0.5 % of the time: then a power cut may cost the last moment.

    Opening gives the journal a new file of the same name and content. A worker that was thought dead, and is not,
    writes on into the old file, which nobody reads.
    """

    def __init__(self, path: Path, shard_digest: str) -> None:
        self.path = path
        content = read_journal(path)
        self.verdicts = content.verdicts
        """What earlier attempts finished, by row key."""
        if path.exists():
            write_whole(path, lambda temporary: temporary.write_bytes(content.records))
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        if not content.records:
            with naming(path):
                os.write(self._handle, shard_record(shard_digest))
        self._name_synced = False
        self._synced_at, self._sync_s = time.monotonic(), 0.0

    def append(self, verdicts: Mapping[str, Verdict]) -> None:
        """Write the verdicts of one batch, by row key, as one record."""
        left = memoryview(to_record(verdicts))
        with naming(self.path):
            while left:
                left = left[os.write(self._handle, left) :]
        if (time.monotonic() - self._synced_at) * _SYNC_SHARE >= self._sync_s:
            self._sync()

    def _sync(self) -> None:
        start = time.monotonic()
        with naming(self.path):
            os.fsync(self._handle)
        if not self._name_synced:
            sync_folder(self.path.parent)
            self._name_synced = True
        self._synced_at = time.monotonic()
        self._sync_s = self._synced_at - start

    def check_held(self) -> None:
        """Make sure that no other worker has taken the shard over.

        Raises:
            ShardTaken: one has.
        """
        own = os.fstat(self._handle)
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino):
            raise ShardTaken(f"{self.path} was taken over by another worker")

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._handle)
