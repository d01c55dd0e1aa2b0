"""Outcomes as the journal keeps them: checked, and passed through JSON once."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from shard_runner.errors import StageError
from shard_runner.outcomes import Done, Dropped, Failed, Outcome, State
from shard_runner.plain import Row, to_json

WORKER_DIED = "worker_died"
"""Reason of a row on which so many workers ended that it is not tried again."""

TRYING = "being_tried"
"""Reason in the journal of a row that a worker has begun, where workers ended on its shard before."""


class Verdict(NamedTuple):
    """An outcome that went through JSON once, so that a resumed run sees the very same values."""

    state: State
    rows: Sequence[Row] = ()
    reason: str = ""
    detail: str = ""
    tokens: int = 0
    attempts: int = 1
    """How often the stage was called with the row before it gave up or came through."""
    traceback: str = ""
    """Where the error came from, frame by frame, without its message."""

    def as_list(self) -> list[Any]:
        """Return the journal's form of the verdict, without what is as usual."""
        if self[0] == "done":
            return ["done", self[1], self[4]] if self[4] else ["done", self[1]]
        return [self[0], *self[2:]]

    @staticmethod
    def from_list(record: Sequence[Any]) -> "Verdict":
        """Return the verdict of a journal's form."""
        if record[0] == "done":
            return Verdict("done", record[1], tokens=record[2] if len(record) > 2 else 0)
        return Verdict(record[0], (), *record[1:])


def repeated_id(row_id: str) -> Verdict:
    """Return the verdict on a row whose id an earlier row has."""
    return Verdict("dropped", (), "duplicate_id", f"another row with the id {row_id!r} comes before it")


def to_verdict(outcome: Outcome) -> Verdict:
    """Check an outcome and put its rows through JSON; rows that can't be stored make it failed.

    Raises:
        StageError: when the value is no outcome at all.
    """
    if isinstance(outcome, (Dropped, Failed)):
        state: State = "dropped" if isinstance(outcome, Dropped) else "failed"
        return Verdict(state, (), sound(outcome.reason), sound(outcome.detail), _count(outcome.tokens))
    rows, tokens = (outcome.rows, _count(outcome.tokens)) if isinstance(outcome, Done) else (outcome, 0)
    if type(rows) is not list:
        _check_sequence(rows)
    for row in rows:
        if not (type(row) is dict and type(row_id := row.get("id")) is str and row_id) and (fault := _row_fault(row)):
            return to_verdict(Failed(fault.reason, fault.detail, tokens))
    if _all_flat(rows):
        return Verdict("done", [row.copy() for row in rows], "", "", tokens)
    try:
        made = json.loads(to_json(rows))
        if _depth(made) > _DEEPEST:
            return to_verdict(Failed("not_plain", f"a value is nested more than {_DEEPEST} deep", tokens))
        return Verdict("done", made, "", "", tokens)
    except (TypeError, ValueError, RecursionError) as error:
        return to_verdict(Failed("not_plain", str(error), tokens))


def storable(verdict: Verdict) -> Verdict:
    """Return a verdict that can be written as JSON: itself, or one that says why it can't."""
    try:
        to_json(verdict.as_list())
        return verdict
    except (TypeError, ValueError) as error:
        return to_verdict(Failed("not_plain", str(error), verdict.tokens))


_DEEPEST = 100


def _depth(value: Any) -> int:
    """Return how deep lists and dicts are nested."""
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, (list, dict)) and item]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def _count(tokens: Any) -> int:
    if isinstance(tokens, bool) or not hasattr(tokens, "__index__") or not 0 <= (count := int(tokens)) < 2**63:
        raise StageError(f"tokens must be a whole number of 0 or more; got {tokens!r}")
    return count


def _all_flat(rows: Sequence[Row]) -> bool:
    """Tell whether JSON gives back the very same values, as nearly all rows hold: then reading it can be spared."""
    for row in rows:  # noqa: SIM110  all() makes a generator for each call
        if not (_FLAT.issuperset(map(type, row.values())) and _TEXT.issuperset(map(type, row))):
            return False
    return True


_FLAT = frozenset({str, int, float, bool, type(None)})
_TEXT = frozenset({str})


def sound(text: Any) -> str:
    """Return text that any file can hold: a lone surrogate, which is no UTF-8, as its escape."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")


def _check_sequence(rows: Any) -> None:
    if isinstance(rows, (str, bytes, dict)) or not isinstance(rows, Sequence):
        kind = type(rows).__name__
        raise StageError(
            f"an outcome must be a list of rows, Done, Dropped or Failed; got a {kind}. For one row return [row]"
        )


def _row_fault(row: Any) -> Failed | None:
    if not isinstance(row, dict):
        raise StageError(f"an outcome must hold rows as dicts; got a {type(row).__name__}")
    row_id = row.get("id")  # pyright: ignore[reportUnknownMemberType]
    if isinstance(row_id, str) and row_id:
        return None
    shown = to_json(list(map(str, row)))  # pyright: ignore[reportUnknownArgumentType]
    return Failed("missing_id", f"a row needs an 'id' that is a non-empty text; got {row_id!r} in a row with {shown}")
