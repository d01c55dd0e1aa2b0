"""The work on one shard: a function of the stage, the shard and two folders, fit for any engine to call."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shard_runner import garbage
from shard_runner.batches import Batch, StageWorker, run_batch
from shard_runner.errors import Stopped, TooManyFailed
from shard_runner.folder import journal_path, write_part
from shard_runner.journal import Journal
from shard_runner.ledger import write_ledger
from shard_runner.outcomes import Failed
from shard_runner.plain import Row, digest_of, to_json
from shard_runner.shard import Shard
from shard_runner.verdicts import TRYING, WORKER_DIED, Verdict, repeated_id, storable, to_verdict

DEATHS = 3
"""A row on which workers ended so many times is quarantined."""


@dataclass(frozen=True)
class Order:
    """A shard to be worked on, and how far it may go."""

    shard: Shard
    failures_allowed: float = float("inf")
    """The stage stops when more rows of the shard fail."""
    careful: bool = False
    """Workers ended on this shard: go row by row, and note which one is tried."""


def keys_of(shard: Shard, run_dir: Path, *, whole_input: bool) -> list[str]:
    """Return a fingerprint of each unit, under which its verdict is kept.

    For a whole input each depends on all rows; a repeated row gets one of its own: its twin may be the very same row.
    """
    keys = shard.read_keys(run_dir)
    if whole_input:
        everything = hashlib.blake2b("".join(keys).encode("ascii"), digest_size=16).hexdigest()
        keys = [digest_of([key, everything]) for key in keys]
    for position in shard.duplicate_units:
        keys[position] = digest_of([keys[position], shard.digest, position])
    return keys


class _Work:
    """A shard under way."""

    def __init__(self, worker: StageWorker, order: Order, run_dir: Path, journal: Journal) -> None:
        self.worker, self.stage, self.order, self.shard = worker, worker.stage, order, order.shard
        self.run_dir, self.journal = run_dir, journal
        self._tables = self.shard.load(run_dir)
        self.rows = self.shard.units_of(self._tables, 0, self.shard.units)
        self.ids = [row["id"] for row in self.rows]  # before the stage may change a row
        self.keys = keys_of(self.shard, run_dir, whole_input=self.stage.whole_input)
        self.known = {key: verdict for key, verdict in journal.verdicts.items() if self._stands(verdict)}
        self.failed = 0
        for position in self.shard.duplicate_units:
            self.known[self.keys[position]] = repeated_id(self.ids[position])

    def _stands(self, verdict: Verdict) -> bool:
        """Tell whether a verdict of an earlier attempt holds; one of this run on a row that ends workers does."""
        return verdict.state != "failed" or (self.order.careful and verdict.reason == WORKER_DIED)

    def batches(self) -> list[range]:
        """Return the batches as positions of rows; the same ones at every attempt."""
        size = max(len(self.rows), 1) if self.stage.whole_input else self.stage.batch_size
        size = 1 if self.order.careful and not self.stage.whole_input else size
        return [range(start, min(start + size, len(self.rows))) for start in range(0, len(self.rows), size)]

    def pending(self, batch: range) -> list[int]:
        """Return what of a batch is still to do; a whole input is seen together or not at all."""
        pending = [position for position in batch if self.keys[position] not in self.known]
        if pending and self.stage.whole_input:
            repeated = set(self.shard.duplicate_units)
            return [position for position in batch if position not in repeated]
        return pending

    def settle(self, pending: Sequence[int], stopping: Callable[[], bool]) -> None:
        """Work on some rows and journal what became of them."""
        try:
            made = self._tried_too_often(pending) or self._run(pending, stopping)
        except Stopped as stop:
            if stop.finished:
                self._write({self.keys[at]: one for at, one in zip(pending, stop.finished, strict=False)})
            raise
        verdicts = dict(zip([self.keys[position] for position in pending], made, strict=True))
        self._write(verdicts)
        self.known.update(verdicts)
        self.failed += sum(verdict.state == "failed" for verdict in made)
        if self.failed > self.order.failures_allowed:
            worst = next(verdict for verdict in reversed(made) if verdict.state == "failed")
            raise TooManyFailed(
                f"stage {self.stage.name!r} stopped: more rows failed than max_failed_share allows; "
                f"the last one: {worst.reason}: {worst.detail}"
            )

    def _write(self, verdicts: dict[str, Verdict]) -> None:
        try:
            self.journal.append(verdicts)
        except ValueError:  # a number too long for JSON, which only writing it finds out
            verdicts.update({key: storable(verdict) for key, verdict in verdicts.items()})
            self.journal.append(verdicts)

    def _run(self, pending: Sequence[int], stopping: Callable[[], bool]) -> list[Verdict]:
        def reread() -> list[Row]:
            first = pending[0]
            fresh = self.shard.units_of(self._tables, first, pending[-1] + 1)
            return [fresh[position - first] for position in pending]

        rows = [self.rows[position] for position in pending]
        return run_batch(self.worker, Batch(rows, reread, stopping, most_before=self.worker.most_rows))

    def _tried_too_often(self, pending: Sequence[int]) -> list[Verdict] | None:
        """Note that a row is being tried, where workers ended on this shard; None while it may be."""
        if not self.order.careful or self.stage.whole_input:
            return None
        key = self.keys[pending[0]]
        before = self.journal.verdicts.get(key)
        deaths = before.attempts if before is not None and before.reason == TRYING else 0
        if deaths >= DEATHS:
            return [to_verdict(Failed(WORKER_DIED, f"the worker process ended {deaths} times while it had this row"))]
        _ = self.worker.call  # made first: a worker that ends while it does so has not tried the row
        self.journal.append({key: Verdict("failed", (), TRYING, attempts=deaths + 1)})
        return None

    def finish(self, folder: Path) -> int:
        """Write the shard's Parquet part and ledger, and return how many rows failed."""
        verdicts = [self.known[key] for key in self.keys]
        bad = {position for position, verdict in enumerate(verdicts) if verdict.state == "failed"}
        fresh = self.shard.units_of(self._tables, 0, self.shard.units) if bad else []
        failed_rows = [to_json(fresh[position]) if position in bad else None for position in range(len(verdicts))]
        made = [row for verdict in verdicts for row in verdict.rows]
        self.journal.check_held()
        write_part(folder, self.shard.index, made, self.stage.schema)
        write_ledger(
            folder,
            self.shard.index,
            self.shard.digest,
            ids=self.ids,
            keys=self.keys,
            verdicts=verdicts,
            failed_rows=failed_rows,
        )
        return len(bad)


def process_shard(
    worker: StageWorker,
    order: Order,
    run_dir: Path,
    folder: Path,
    *,
    on_rows: Callable[[int, int], object] = lambda rows, fresh: None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Finish one shard in a folder: journal each batch, then write its Parquet part and ledger.

    Rows that the journal knows are not worked on again; failed ones are. Ends with the same bytes however often it
    was stopped before. Returns the number of rows that failed.

    Args:
        worker: The stage, with what it made.
        order: The shard, and how many of its rows may fail.
        run_dir: Where the inputs lie.
        folder: Where the output grows.
        on_rows: Hears how many more rows need no more work, and how many of them were worked on just now.
        stopping: Asked after each batch.

    Raises:
        StageError: when the stage breaks its contract.
        TooManyFailed: when more rows failed than allowed; what was finished stays in the journal.
        ShardTaken: when another worker has taken the shard over.
        Stopped: when the run was asked to stop; what was finished stays in the journal.
    """
    with Journal(journal_path(folder, order.shard.index), order.shard.digest) as journal:
        with garbage.paused():
            work = _Work(worker, order, run_dir, journal)
        batches = work.batches()
        for batch in batches:
            pending = work.pending(batch)
            if pending:
                work.settle(pending, stopping)
            on_rows(len(batch), len(pending))
            if pending and batch is not batches[-1] and stopping():
                raise Stopped
        with garbage.paused():
            failed = work.finish(folder)
    journal_path(folder, order.shard.index).unlink()
    return failed
