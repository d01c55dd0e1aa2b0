"""The journal of an open shard: one record for each finished batch, safe against kills."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from shard_runner.disk import sync_folder
from shard_runner.errors import LedgerError
from shard_runner.outcomes import Verdict
from shard_runner.plain import to_json


def _parse(line: bytes) -> dict[str, Verdict] | None:
    try:
        return {key: Verdict.from_list(record) for key, record in json.loads(line).items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def read_journal(path: Path) -> tuple[dict[str, Verdict], int]:
    """Return the verdicts by row key, and the length in bytes of the whole records; a torn last record is left out.

    Raises:
        LedgerError: when a record before the last one is damaged, which no kill can cause.
    """
    verdicts: dict[str, Verdict] = {}
    length = 0
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines, start=1):
        record = _parse(line) if line.endswith(b"\n") else None
        if record is None and number < len(lines):
            raise LedgerError(f"{path} is damaged at line {number} of {len(lines)}; delete the file to redo its shard")
        if record is not None:
            verdicts.update(record)
            length += len(line)
    return verdicts, length


class Journal:
    """Appends records to a shard's journal; each is one write, and on disk before `append` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.verdicts, length = read_journal(path)
        """What earlier processes finished, by row key."""
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.ftruncate(self._handle, length)
        sync_folder(path.parent)

    def append(self, verdicts: Mapping[str, Verdict]) -> None:
        """Write the verdicts of one batch as one record."""
        record = to_json({key: verdict.as_list() for key, verdict in verdicts.items()}) + "\n"
        left = memoryview(record.encode("ascii"))
        while left:
            left = left[os.write(self._handle, left) :]
        os.fsync(self._handle)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._handle)
