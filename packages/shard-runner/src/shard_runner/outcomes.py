"""What becomes of a row in a stage: new rows, dropped, or failed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from shard_runner.plain import Row


@dataclass(frozen=True)
class Done:
    """New rows, with what they cost; a plain list of rows says the same where nothing is to be counted."""

    rows: Sequence[Row]
    """Zero or more new rows."""
    tokens: int = 0
    """New tokens that models wrote for it, prompts not counted; `status` shows their sum."""


@dataclass(frozen=True)
class Dropped:
    """The row is left out on purpose; the next run remembers it."""

    reason: str
    """Short slug that is counted, such as `low-causality`."""
    detail: str = ""
    """What was seen, for a reader of `dropped.parquet`."""
    tokens: int = 0
    """Tokens that the models took to find it out."""


@dataclass(frozen=True)
class Failed:
    """The row could not be worked on: it goes to the quarantine and the next run tries it again."""

    reason: str
    """Short slug that is counted, such as `corrupt`."""
    detail: str = ""
    """The error, for a reader of `failed.parquet`."""
    tokens: int = 0
    """Tokens that were spent on it all the same."""


Outcome = Sequence[Row] | Done | Dropped | Failed
"""Of one input row: zero or more new rows, or why there are none."""

StageFn = Callable[[list[Row]], Sequence[Outcome]]
"""A batch of rows to one outcome for each, in order."""

State = Literal["done", "dropped", "failed"]
