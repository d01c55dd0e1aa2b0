"""The accounts of a run: for every stage, rows in = done + dropped + failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from shard_runner.disk import read_record
from shard_runner.folder import (
    PLAN_RECORD,
    TASK_RECORD,
    is_closed,
    journal_path,
    shards_in,
    stage_folder,
)
from shard_runner.journal import read_journal
from shard_runner.ledger import Counts, count_ledger, count_verdicts
from shard_runner.provenance import output_under
from shard_runner.record import run_record
from shard_runner.times import TIMES_RECORD, seconds_of
from shard_runner.verdicts import TRYING


@dataclass(frozen=True)
class StageAccount:
    """What became of the rows of one source, stage or task."""

    name: str
    rows_in: int
    """Input rows (or samples of them), as planned from the inputs; for a source, as read. While an input is still at
    work, those that are settled."""
    done: int
    """Input rows that gave zero or more new rows."""
    dropped: dict[str, int] = field(default_factory=lambda: dict[str, int]())
    """Input rows dropped, by reason."""
    failed: dict[str, int] = field(default_factory=lambda: dict[str, int]())
    """Input rows in quarantine, by reason."""
    rows_out: int = 0
    """New rows."""
    tokens: int = 0
    """New tokens that models wrote for all of it, prompts not counted, as the stage counted them."""
    seconds: float = 0.0
    """Time spent by all runs that led to this output, loading included; of a killed run, but the last few seconds."""
    kind: Literal["source", "stage", "task"] = "stage"
    finished: bool = True
    """False while the work is under way or was interrupted."""

    @property
    def settled(self) -> int:
        """Input rows that are done, dropped or failed."""
        return self.done + sum(self.dropped.values()) + sum(self.failed.values())

    @property
    def pending(self) -> int:
        """Input rows that are not settled yet; below zero would mean that rows were counted twice."""
        return self.rows_in - self.settled

    @property
    def adds_up(self) -> bool:
        """Whether rows in = done + dropped + failed, or the rest is still to do."""
        return self.pending == 0 if self.finished else self.pending >= 0

    @property
    def rows_per_s(self) -> float | None:
        """Settled rows for each second spent; None where no time was noted."""
        return self.settled / self.seconds if self.seconds and self.kind != "task" else None

    @property
    def seconds_left(self) -> float | None:
        """Time that the pending rows will take at the same rate; None where there is no telling."""
        return self.pending / self.rows_per_s if self.rows_per_s and not self.finished else None


def status(run_dir: str | Path) -> list[StageAccount]:
    """Return the accounts of every step of a run's pipeline, counted anew from the ledgers, in order.

    Works while the run is under way, and after a kill.

    Raises:
        LedgerError: when the folder holds no run, or a record, ledger or journal in it is damaged.
    """
    return _accounts(Path(run_dir), recount=True)


def recorded_accounts(run_dir: Path) -> list[StageAccount]:
    """Return the accounts as they were counted when each step finished, without counting them anew."""
    return _accounts(run_dir, recount=False)


def _accounts(run_dir: Path, *, recount: bool) -> list[StageAccount]:
    times = read_record(run_dir / TIMES_RECORD)
    steps = run_record(run_dir)["pipeline"]
    return [_account(run_dir, step, seconds_of(times, step["name"], step["recipe"]), recount) for step in steps]


def _account(run_dir: Path, step: Mapping[str, Any], seconds: float, recount: bool) -> StageAccount:
    name, kind = step["name"], step["kind"]
    if kind == "task":
        record = read_record(stage_folder(run_dir, name) / TASK_RECORD) or {}
        done = bool(record.get("finished")) and record.get("recipe") == step["recipe"]
        return StageAccount(name, 0, 0, seconds=seconds, kind=kind, finished=done)
    folder, record = output_under(run_dir, name, step["recipe"])
    if record is None:
        counts = _count(folder)
        planned = (read_record(folder / PLAN_RECORD) or {}).get("rows_in")
        rows_in = counts.rows if planned is None else planned
        return StageAccount(name, rows_in, **counts.as_dict(), seconds=seconds, kind=kind, finished=False)
    told = {key: record[key] for key in ("done", "dropped", "failed", "rows_out", "tokens")}
    counted = _count(folder).as_dict() if recount else told
    return StageAccount(name, record["rows_in"], **counted, seconds=seconds, kind=kind)


def _count(folder: Path) -> Counts:
    counts = Counts()
    for index in shards_in(folder):
        if is_closed(folder, index):
            count_ledger(counts, folder, index)
        else:
            verdicts = read_journal(journal_path(folder, index)).verdicts.values()
            count_verdicts(counts, (verdict for verdict in verdicts if verdict.reason != TRYING))
    return counts


def accounts_to_text(accounts: Sequence[StageAccount]) -> str:
    """Return the accounts as a plain text table, with the reasons of dropped and failed rows.

    >>> print(accounts_to_text([StageAccount("judge", 3, 2, {"empty": 1}, rows_out=4, seconds=1.5)]))
    stage  in  done  dropped  failed  out  seconds  rows/s
    judge   3     2        1       0    4      1.5       2  dropped: 1 empty
    """
    head = ["stage", "in", "done", "dropped", "failed", "out", "tokens", "seconds", "rows/s"]
    lines = [head, *(_cells(account) for account in accounts)]
    if not any(account.tokens for account in accounts):
        lines = [line[:6] + line[7:] for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    notes = ["", *(_note(account) for account in accounts)]
    texts = [
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)), note])
        for line, note in zip(lines, notes, strict=True)
    ]
    return "\n".join(text.rstrip() for text in texts)


def _cells(account: StageAccount) -> list[str]:
    seconds = f"{account.seconds:.1f}"
    if account.kind == "task":
        return [account.name, *[""] * 6, seconds, ""]
    dropped, failed = sum(account.dropped.values()), sum(account.failed.values())
    counts = (account.rows_in, account.done, dropped, failed, account.rows_out, account.tokens)
    rate = account.rows_per_s
    shown = "" if rate is None else f"{rate:,.0f}" if rate >= 1 else f"{rate:.2f}"
    return [account.name, *map(str, counts), seconds, shown]


def _note(account: StageAccount) -> str:
    notes = [
        f"{state}: " + ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        for state, reasons in (("dropped", account.dropped), ("failed", account.failed))
        if reasons
    ]
    if not account.adds_up:
        notes.append(f"DOES NOT ADD UP by {account.pending} rows")
    elif not account.finished:
        notes.append(_left(account) if account.rows_in else "not finished")
    return "; ".join(notes)


def _left(account: StageAccount) -> str:
    left = account.seconds_left
    return f"unfinished, {account.pending} to do" + ("" if left is None else f", about {_duration(left)} at this rate")


def _duration(seconds: float) -> str:
    """Return a duration as people say it.

    >>> _duration(42), _duration(5000), _duration(200000)
    ('42 s', '1 h 23 min', '2 d 8 h')
    """
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if hours < 48:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{hours // 24} d {hours % 24} h"
