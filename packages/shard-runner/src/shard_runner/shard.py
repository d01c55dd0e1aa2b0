"""The work on one shard: a function of the stage, the shard and a folder, fit for any engine to call."""

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shard_runner.columns import conform, table_to_rows
from shard_runner.disk import write_whole
from shard_runner.errors import StageError, TooManyFailed
from shard_runner.folder import (
    Entry,
    is_closed,
    journal_path,
    ledger_path,
    part_count,
    read_entries,
    read_head,
    read_verdicts,
    write_shard,
)
from shard_runner.journal import Journal, read_journal
from shard_runner.outcomes import Failed, StageFn, Verdict, to_verdict
from shard_runner.plain import Row, digest_of, to_json
from shard_runner.stages import Stage


@dataclass(frozen=True)
class Slice:
    """Rows `start` to `stop` of a finished Parquet part."""

    path: Path
    start: int
    stop: int

    def read(self) -> list[Row]:
        """Return the rows."""
        table = pq.ParquetFile(self.path).read()
        return table_to_rows(table.slice(self.start, self.stop - self.start))


@dataclass(frozen=True)
class Shard:
    """Input rows of a stage that are worked on together."""

    index: int
    slices: tuple[Slice, ...]
    duplicates: frozenset[int]
    """Positions of rows whose id came before, in this shard or an earlier one."""
    digest: str
    """Fingerprint of the input rows' place and content."""

    def read(self) -> list[Row]:
        """Return the input rows, fresh."""
        return [row for piece in self.slices for row in piece.read()]

    @property
    def rows(self) -> int:
        """Number of input rows."""
        return sum(piece.stop - piece.start for piece in self.slices)


@dataclass
class StageWorker:
    """A stage on one worker: its heavy objects are made at the first batch, and kept."""

    stage: Stage

    @cached_property
    def call(self) -> StageFn:
        """The stage's function."""
        return self.stage.make()


class Memory:
    """Verdicts of earlier attempts at a stage under the same recipe, found by row key."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders
        self._read = lru_cache(maxsize=4)(_remembered)  # shards keep their order, so few are open at a time

    @cached_property
    def _places(self) -> dict[str, tuple[Path, int]]:
        shards = [(folder, index) for folder in self.folders for index in range(part_count(folder))]
        return {key: place for place in shards for key in _remembered_keys(*place)}

    def verdicts(self, keys: Iterable[str]) -> dict[str, Verdict]:
        """Return what is remembered of these rows; failed ones are not, so that they are tried again."""
        known = {key: self._places[key] for key in keys if key in self._places}
        return {key: self._read(*place)[key] for key, place in known.items()}


def _remembered(folder: Path, index: int) -> dict[str, Verdict]:
    verdicts = (
        read_verdicts(folder, index) if is_closed(folder, index) else read_journal(journal_path(folder, index))[0]
    )
    return {key: verdict for key, verdict in verdicts.items() if verdict.state != "failed"}


def _remembered_keys(folder: Path, index: int) -> list[str]:
    if not is_closed(folder, index):
        return list(_remembered(folder, index))
    return [entry.key for entry in read_entries(folder, index) if entry.state != "failed"]


def row_keys(rows: Sequence[Row], *, whole_input: bool) -> list[str]:
    """Return a fingerprint of each row; for a whole-input stage each depends on all rows."""
    keys = [digest_of(row) for row in rows]
    if not whole_input:
        return keys
    everything = hashlib.blake2b("".join(keys).encode("ascii"), digest_size=16).hexdigest()
    return [digest_of([key, everything]) for key in keys]


def process_shard(
    worker: StageWorker,
    shard: Shard,
    folder: Path,
    *,
    memory: Memory,
    failures_allowed: float = float("inf"),
    on_rows: Callable[[int], object] = lambda count: None,
) -> None:
    """Finish one shard in a folder: journal each batch, then write its Parquet part and ledger.

    Rows that the journal or the memory knows are not worked on again; failed ones are. `on_rows` hears how many rows
    were finished. Ends with the same bytes however often it was killed before.

    Raises:
        StageError: when the stage breaks its contract.
        TooManyFailed: when more rows failed than allowed; what was finished stays in the journal.
    """
    stage = worker.stage
    rows = shard.read()
    ids = [row["id"] for row in rows]  # before the stage may change a row
    keys = row_keys(rows, whole_input=stage.whole_input)
    size = max(len(rows), 1) if stage.whole_input else stage.batch_size
    with Journal(journal_path(folder, shard.index)) as journal:
        known = memory.verdicts(keys) | {k: v for k, v in journal.verdicts.items() if v.state != "failed"}
        known |= _duplicates(shard, rows, keys)
        failed = 0
        for start in range(0, len(rows), size):
            batch = range(start, min(start + size, len(rows)))
            pending = _pending(batch, keys, known, stage)
            if pending:
                done = _run_batch(worker, shard, [rows[position] for position in pending], pending)
                fresh = {keys[position]: verdict for position, verdict in zip(pending, done, strict=True)}
                journal.append(fresh)
                known |= fresh
                failed += sum(verdict.state == "failed" for verdict in done)
                _check_failures(failed, failures_allowed, done, stage)
            on_rows(len(batch))
    _write(folder, shard, ids, [known[key] for key in keys], keys, stage.schema)
    journal_path(folder, shard.index).unlink()


def _duplicates(shard: Shard, rows: Sequence[Row], keys: list[str]) -> dict[str, Verdict]:
    # a repeated row gets a key of its own: its twin may be the very same row
    made: dict[str, Verdict] = {}
    for position in sorted(shard.duplicates):
        keys[position] = digest_of([keys[position], shard.digest, position])
        detail = f"another row with the id {rows[position]['id']!r} comes before it"
        made[keys[position]] = Verdict("dropped", reason="duplicate_id", detail=detail)
    return made


def _pending(batch: range, keys: Sequence[str], known: Mapping[str, Verdict], stage: Stage) -> list[int]:
    pending = [position for position in batch if keys[position] not in known]
    if pending and stage.whole_input:  # all rows are seen together or not at all
        return [position for position in batch if known.get(keys[position], _NEW).reason != "duplicate_id"]
    return pending


_NEW = Verdict("failed")


def _check_failures(failed: int, allowed: float, last: Sequence[Verdict], stage: Stage) -> None:
    if failed > allowed:
        worst = next((v for v in reversed(last) if v.state == "failed"), _NEW)
        raise TooManyFailed(
            f"stage {stage.name!r} stopped: more rows failed than max_failed_share allows; "
            f"the last one: {worst.reason}: {worst.detail}"
        )


def _run_batch(worker: StageWorker, shard: Shard, rows: list[Row], positions: Sequence[int]) -> list[Verdict]:
    call = worker.call  # an error in make is no row's fault
    try:
        outcomes = call(rows)
    except Exception as error:
        if worker.stage.whole_input:
            raise StageError(
                f"stage {worker.stage.name!r} sees all rows at once, so its error is no single row's: {_text(error)}"
            ) from error
        if len(positions) == 1:
            return [to_verdict(Failed(type(error).__name__, _text(error)))]
        return _split(worker, shard, positions)
    return _to_verdicts(worker.stage, outcomes, len(positions))


def _split(worker: StageWorker, shard: Shard, positions: Sequence[int]) -> list[Verdict]:
    """Halve a failing batch until the bad row is alone; rows are read afresh, for the stage may have changed them."""
    fresh = shard.read()
    middle = len(positions) // 2
    return [
        verdict
        for half in (positions[:middle], positions[middle:])
        for verdict in _run_batch(worker, shard, [copy.deepcopy(fresh[position]) for position in half], half)
    ]


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _to_verdicts(stage: Stage, outcomes: object, count: int) -> list[Verdict]:
    if not isinstance(outcomes, Sequence) or isinstance(outcomes, str) or len(outcomes) != count:
        got = f"{len(outcomes)} outcomes" if isinstance(outcomes, Sequence) else f"a {type(outcomes).__name__}"
        raise StageError(f"stage {stage.name!r} must return one outcome for each of its {count} rows; got {got}")
    try:
        return [_conformed(to_verdict(outcome), stage) for outcome in outcomes]
    except StageError as error:
        raise StageError(f"stage {stage.name!r}: {error}") from error


def _conformed(verdict: Verdict, stage: Stage) -> Verdict:
    if stage.schema is None or verdict.state != "done":
        return verdict
    try:
        return Verdict("done", conform(verdict.rows, stage.schema))
    except ValueError as error:
        return to_verdict(Failed("schema", str(error)))


def _write(
    folder: Path,
    shard: Shard,
    ids: Sequence[str],
    verdicts: Sequence[Verdict],
    keys: Sequence[str],
    schema: pa.Schema | None,
) -> None:
    fresh = shard.read() if any(verdict.state == "failed" for verdict in verdicts) else []
    entries = [
        Entry(
            keys[position],
            ids[position],
            verdict.state,
            verdict.reason,
            verdict.detail,
            len(verdict.rows),
            to_json(fresh[position]) if verdict.state == "failed" else None,
        )
        for position, verdict in enumerate(verdicts)
    ]
    made = [row for verdict in verdicts for row in verdict.rows]
    write_shard(folder, shard.index, shard.digest, entries, made, schema)


def is_finished(folder: Path, shard: Shard) -> bool:
    """Tell whether this very shard was finished in a folder."""
    head = read_head(folder, shard.index)
    return head is not None and head.input == shard.digest and is_closed(folder, shard.index)


def failed_in(folder: Path, shard: Shard) -> int:
    """Return how many rows of a finished shard failed."""
    return sum(entry.state == "failed" for entry in read_entries(folder, shard.index))


def reopen(folder: Path, shard: Shard) -> None:
    """Turn a finished shard back into a journal of what did not fail, so that the rest is worked on again."""
    record = to_json({key: verdict.as_list() for key, verdict in _remembered(folder, shard.index).items()}) + "\n"
    write_whole(journal_path(folder, shard.index), lambda path: path.write_text(record, encoding="ascii"))
    ledger_path(folder, shard.index).unlink()
