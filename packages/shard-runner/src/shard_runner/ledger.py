"""The ledger of a finished shard: what became of each of its input rows, as a Parquet file."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from shard_runner.columns import table_to_rows
from shard_runner.content import Content, row_digest
from shard_runner.disk import damage, load_schema, load_table, write_table
from shard_runner.outcomes import State
from shard_runner.plain import digest_of, to_json
from shard_runner.verdicts import Verdict, sound

_HEAD = b"shard_runner"
_REPEATED = ["state", "reason", "detail", "traceback"]


@dataclass(frozen=True)
class Entry:
    """What became of one input row."""

    key: str
    """Fingerprint of the input row, 32 hex digits."""
    id: str
    state: State
    reason: str
    detail: str
    rows_out: int
    tokens: int
    attempts: int
    traceback: str
    """Where an error came from, frame by frame."""
    row: str | None
    """The input row as JSON text where it failed."""
    digests: bytes
    """Of the rows that were made of it, 16 bytes each."""

    @property
    def traceback_hash(self) -> str:
        """Short fingerprint of the traceback; empty without one."""
        return traceback_hash(self.traceback) if self.traceback else ""


def traceback_hash(traceback: str) -> str:
    """Return a short fingerprint of a traceback, the same for errors from one place."""
    return digest_of(traceback)[:12]


@dataclass(frozen=True)
class LedgerHead:
    """What a shard was made from and what it holds."""

    input: str
    """Fingerprint of the input rows' place and content."""
    content: Content
    """Content of the output rows."""
    failed: int
    """Input rows that failed."""


@dataclass
class Counts:
    """What became of rows, summed up."""

    done: int = 0
    dropped: Counter[str] = field(default_factory=lambda: Counter[str]())
    failed: Counter[str] = field(default_factory=lambda: Counter[str]())
    rows_out: int = 0
    tokens: int = 0

    @property
    def rows(self) -> int:
        """Number of rows that were counted."""
        return self.done + self.dropped.total() + self.failed.total()

    def add(self, state: State, reason: str, *, rows: int, rows_out: int, tokens: int) -> None:
        """Count rows that share state and reason."""
        if state == "done":
            self.done += rows
        else:
            getattr(self, state)[reason] += rows
        self.rows_out += rows_out
        self.tokens += tokens

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: `done`, `dropped` and `failed` by reason, `rows_out`, `tokens`."""
        by_reason = {name: dict(sorted(getattr(self, name).items())) for name in ("dropped", "failed")}
        return {"done": self.done, **by_reason, "rows_out": self.rows_out, "tokens": self.tokens}


def ledger_path(folder: Path, index: int) -> Path:
    """Return the ledger of a shard."""
    return folder / "ledger" / f"{index:05d}.parquet"


def write_ledger(
    folder: Path,
    index: int,
    source: str,
    *,
    ids: Sequence[str],
    keys: Sequence[str],
    verdicts: Sequence[Verdict],
    failed_rows: Sequence[str | None],
) -> None:
    """Write what became of a shard's rows, in order.

    Args:
        folder: Of the stage.
        index: Of the shard.
        source: Fingerprint of the shard's input.
        ids: Of the input rows.
        keys: Fingerprints of the input rows.
        verdicts: One for each row.
        failed_rows: The row as JSON text, where it failed.
    """
    digests = [list(map(row_digest, verdict.rows)) for verdict in verdicts]
    content = Content.of_digests([digest for made in digests for digest in made])
    states, _, reasons, details, tokens, attempts, tracebacks = zip(*verdicts, strict=True) if verdicts else [()] * 7
    columns = {
        "key": pa.array(map(bytes.fromhex, keys), pa.binary()),
        "id": _texts(ids),
        "state": pa.array(states, pa.string()),
        "reason": pa.array(reasons, pa.string()),
        "detail": pa.array(details, pa.string()),
        "rows_out": pa.array(map(len, digests), pa.int64()),
        "tokens": pa.array(tokens, pa.int64()),
        "attempts": pa.array(attempts, pa.int64()),
        "traceback": pa.array(tracebacks, pa.string()),
        "row": pa.array(failed_rows, pa.string()),
        "digests": pa.array(map(b"".join, digests), pa.binary()),
    }
    failed = sum(verdict.state == "failed" for verdict in verdicts)
    head = to_json({"input": source, "content": str(content), "failed": failed})
    ledger_path(folder, index).parent.mkdir(exist_ok=True)
    table = pa.table(columns, metadata={_HEAD: head})
    write_table(ledger_path(folder, index), table, use_dictionary=_REPEATED, write_statistics=False)


def _texts(texts: Sequence[str]) -> pa.Array:
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # lone surrogates
        return pa.array([sound(text) for text in texts], pa.string())


def read_head(folder: Path, index: int) -> LedgerHead | None:
    """Return what a finished shard was made from; None for one that is not finished.

    Raises:
        LedgerError: the ledger is damaged.
    """
    path = ledger_path(folder, index)
    try:
        told = (load_schema(path).metadata or {}).get(_HEAD)
    except FileNotFoundError:
        return None
    if told is None:
        raise damage(path, "it is no ledger of this version")
    head = json.loads(told)
    return LedgerHead(head["input"], Content.from_text(head["content"]), head["failed"])


def read_entries(folder: Path, index: int) -> list[Entry]:
    """Return what became of each input row of a finished shard, in order."""
    rows = table_to_rows(load_table(ledger_path(folder, index)))
    return [Entry(**{**row, "key": row["key"].hex()}) for row in rows]


def read_digests(folder: Path, index: int) -> bytes:
    """Return the digests of the rows that a finished shard gave, 16 bytes each, in order."""
    path = ledger_path(folder, index)
    return _digests_in(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)  # a stage that saw its whole input has one ledger for many shards after it
def _digests_in(path: Path, written_at_ns: int) -> bytes:
    return b"".join(load_table(path, ["digests"]).column("digests").to_numpy().tolist())


def count_ledger(counts: Counts, folder: Path, index: int) -> None:
    """Add what became of a finished shard's rows to the counts."""
    columns = ["state", "reason", "rows_out", "tokens"]
    table = load_table(ledger_path(folder, index), columns)
    grouped = table.group_by(["state", "reason"]).aggregate([("rows_out", "sum"), ("tokens", "sum"), ([], "count_all")])
    for row in grouped.to_pylist():
        rows_out, tokens = row["rows_out_sum"], row["tokens_sum"]
        counts.add(row["state"], row["reason"], rows=row["count_all"], rows_out=rows_out, tokens=tokens)


def count_verdicts(counts: Counts, verdicts: Iterable[Verdict]) -> None:
    """Add verdicts to the counts."""
    for verdict in verdicts:
        counts.add(verdict.state, verdict.reason, rows=1, rows_out=len(verdict.rows), tokens=verdict.tokens)


def refused_entries(folder: Path, count: int, state: State) -> Iterator[list[Entry]]:
    """Yield, shard by shard, the entries of rows that were dropped or failed."""
    for index in range(count):
        found = [entry for entry in read_entries(folder, index) if entry.state == state]
        if found:
            yield found
