"""What becomes of a row in a stage: new rows, dropped, or failed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shard_runner.errors import StageError
from shard_runner.plain import Row, to_json


@dataclass(frozen=True)
class Dropped:
    """The row is left out on purpose; the next run remembers it."""

    reason: str
    """Short slug that is counted, such as `low-causality`."""
    detail: str = ""
    """What was seen, for a reader of `dropped.parquet`."""


@dataclass(frozen=True)
class Failed:
    """The row could not be worked on: it goes to the quarantine and the next run tries it again."""

    reason: str
    """Short slug that is counted, such as `corrupt`."""
    detail: str = ""
    """The error, for a reader of `failed.parquet`."""


Outcome = Sequence[Row] | Dropped | Failed
"""Of one input row: zero or more new rows, or why there are none."""

StageFn = Callable[[list[Row]], Sequence[Outcome]]
"""A batch of rows to one outcome for each, in order."""

State = Literal["done", "dropped", "failed"]


@dataclass(frozen=True)
class Verdict:
    """An outcome that went through JSON once, so that a resumed run sees the very same values."""

    state: State
    rows: list[Row] = field(default_factory=lambda: list[Row]())
    reason: str = ""
    detail: str = ""

    def as_list(self) -> list[Any]:
        """Return the journal's form of the verdict."""
        return [self.state, self.rows] if self.state == "done" else [self.state, self.reason, self.detail]

    @staticmethod
    def from_list(record: Sequence[Any]) -> "Verdict":
        """Return the verdict of a journal's form."""
        if record[0] == "done":
            return Verdict("done", rows=record[1])
        return Verdict(record[0], reason=record[1], detail=record[2])


def _row_fault(row: Any) -> Failed | None:
    if not isinstance(row, dict):
        raise StageError(f"an outcome must hold rows as dicts; got a {type(row).__name__}")
    row_id = row.get("id")  # pyright: ignore[reportUnknownMemberType]
    if isinstance(row_id, str) and row_id:
        return None
    shown = to_json(list(row))  # pyright: ignore[reportUnknownArgumentType]
    return Failed("missing_id", f"a row needs an 'id' that is a non-empty text; got {row_id!r} in a row with {shown}")


def to_verdict(outcome: Outcome) -> Verdict:
    """Check an outcome and put it into its journal form; rows that can't be stored make it failed.

    Raises:
        StageError: when the value is no outcome at all.
    """
    if isinstance(outcome, Dropped | Failed):
        state: State = "dropped" if isinstance(outcome, Dropped) else "failed"
        return Verdict(state, reason=str(outcome.reason), detail=str(outcome.detail))
    if isinstance(outcome, (str, bytes, dict)) or not isinstance(outcome, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
        kind = type(outcome).__name__
        raise StageError(
            f"an outcome must be a list of rows, Dropped or Failed; got a {kind}. For one row return [row]"
        )
    for row in outcome:
        fault = _row_fault(row)
        if fault:
            return to_verdict(fault)
    try:
        return Verdict("done", rows=json.loads(to_json(outcome)))
    except (TypeError, ValueError) as error:
        return Verdict("failed", reason="not_plain", detail=str(error))
