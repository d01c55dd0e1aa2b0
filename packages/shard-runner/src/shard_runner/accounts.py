"""The accounts of a run: for every stage, rows in = done + dropped + failed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from shard_runner.disk import read_json
from shard_runner.errors import LedgerError
from shard_runner.folder import (
    PLAN_RECORD,
    STAGE_RECORD,
    TASK_RECORD,
    Entry,
    building_folder,
    is_closed,
    journal_path,
    read_entries,
    stage_folder,
)
from shard_runner.journal import read_journal

RUN_RECORD = "run.json"
TIMES_RECORD = "seconds.json"


@dataclass(frozen=True)
class StageAccount:
    """What became of the rows of one source, stage or task."""

    name: str
    rows_in: int
    """Input rows, as planned from the inputs (for a source: as read)."""
    done: int
    """Input rows that gave zero or more new rows."""
    dropped: dict[str, int] = field(default_factory=lambda: dict[str, int]())
    """Input rows dropped, by reason."""
    failed: dict[str, int] = field(default_factory=lambda: dict[str, int]())
    """Input rows in quarantine, by reason."""
    rows_out: int = 0
    """New rows."""
    seconds: float = 0.0
    """Time spent by all runs that led to this output, loading included; a killed run's is not counted."""
    kind: Literal["source", "stage", "task"] = "stage"
    finished: bool = True
    """False while the work is under way or was interrupted."""

    @property
    def pending(self) -> int:
        """Input rows that are not settled yet; below zero would mean that rows were counted twice."""
        return self.rows_in - self.done - sum(self.dropped.values()) - sum(self.failed.values())

    @property
    def adds_up(self) -> bool:
        """Whether rows in = done + dropped + failed, or the rest is still to do."""
        return self.pending == 0 if self.finished else self.pending >= 0


def count_entries(entries: Iterable[Entry]) -> dict[str, Any]:
    """Count what became of rows: `done`, `dropped` and `failed` by reason, `rows_out`."""
    done, rows_out = 0, 0
    reasons: dict[str, Counter[str]] = {"dropped": Counter(), "failed": Counter()}
    for entry in entries:
        rows_out += entry.rows_out
        if entry.state == "done":
            done += 1
        else:
            reasons[entry.state][entry.reason] += 1
    by_reason = {state: dict(sorted(counts.items())) for state, counts in reasons.items()}
    return {"done": done, **by_reason, "rows_out": rows_out}


def status(run_dir: str | Path) -> list[StageAccount]:
    """Return the accounts of every step of a run's pipeline, counted anew from the ledgers, in order.

    Works while the run is under way, and after a kill.

    Raises:
        LedgerError: when the folder holds no run.
    """
    run_dir = Path(run_dir)
    record = read_json(run_dir / RUN_RECORD)
    if record is None:
        raise LedgerError(f"{run_dir} holds no run: there is no {RUN_RECORD} in it")
    times = read_json(run_dir / TIMES_RECORD) or {}
    return [_account(run_dir, step, times) for step in record["pipeline"]]


def _account(run_dir: Path, step: Mapping[str, Any], times: Mapping[str, Any]) -> StageAccount:
    name, kind = step["name"], step["kind"]
    time = times.get(name, {})
    seconds = time.get("seconds", 0.0) if time.get("recipe") == step["recipe"] else 0.0
    folder = stage_folder(run_dir, name)
    if kind == "task":
        record = read_json(folder / TASK_RECORD) or {}
        done = bool(record.get("finished")) and record.get("recipe") == step["recipe"]
        return StageAccount(name, 0, 0, seconds=seconds, kind=kind, finished=done)
    building = building_folder(run_dir, name)
    record = read_json(folder / STAGE_RECORD)
    if building.exists() or (record and record["recipe"] != step["recipe"]):
        plan = read_json(building / PLAN_RECORD) or {"rows_in": 0, "shards": []}
        entries = _entries(building, len(plan["shards"]))
        return StageAccount(name, plan["rows_in"], **count_entries(entries), seconds=seconds, kind=kind, finished=False)
    if record is None:
        return StageAccount(name, 0, 0, kind=kind, finished=False)
    counts = count_entries(_entries(folder, len(record["shards"])))
    return StageAccount(name, record["rows_in"], **counts, seconds=seconds, kind=kind)


def _entries(folder: Path, count: int) -> Iterable[Entry]:
    for index in range(count):
        if is_closed(folder, index):
            yield from read_entries(folder, index)
        else:
            for key, verdict in read_journal(journal_path(folder, index))[0].items():
                yield Entry(key, "", verdict.state, verdict.reason, verdict.detail, len(verdict.rows), None)


def accounts_to_text(accounts: Sequence[StageAccount]) -> str:
    """Return the accounts as a plain text table, with the reasons of dropped and failed rows.

    >>> print(accounts_to_text([StageAccount("judge", 3, 2, {"empty": 1}, rows_out=4)]))
    stage  in  done  dropped  failed  out  seconds
    judge   3     2        1       0    4      0.0  dropped: 1 empty
    """
    head = ("stage", "in", "done", "dropped", "failed", "out", "seconds")
    lines = [head, *(_cells(account) for account in accounts)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    notes = ["", *(_note(account) for account in accounts)]
    texts = [
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)), note])
        for line, note in zip(lines, notes, strict=True)
    ]
    return "\n".join(text.rstrip() for text in texts)


def _cells(account: StageAccount) -> tuple[str, ...]:
    seconds = f"{account.seconds:.1f}"
    if account.kind == "task":
        return (account.name, "", "", "", "", "", seconds)
    dropped, failed = sum(account.dropped.values()), sum(account.failed.values())
    counts = (account.rows_in, account.done, dropped, failed, account.rows_out)
    return (account.name, *map(str, counts), seconds)


def _note(account: StageAccount) -> str:
    notes = [
        f"{state}: " + ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        for state, reasons in (("dropped", account.dropped), ("failed", account.failed))
        if reasons
    ]
    if not account.adds_up:
        notes.append(f"DOES NOT ADD UP by {account.pending} rows")
    elif not account.finished:
        notes.append(f"unfinished, {account.pending} to do" if account.rows_in else "not finished")
    return "; ".join(notes)
