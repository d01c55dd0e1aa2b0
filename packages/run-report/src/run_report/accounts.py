"""What became of every row, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class StageAccountLike(Protocol):
    """What a stage must tell about itself; `shard_runner.StageAccount` does.

    Where it says `finished` too, rows that are missing are told from rows that are still to come, and a stage that has
    not begun is left out; so is one whose `kind` is "task", which has no rows.
    """

    @property
    def name(self) -> str:
        """Name of the stage."""
        ...

    @property
    def rows_in(self) -> int:
        """Rows that came in."""
        ...

    @property
    def done(self) -> int:
        """Rows that were worked on to the end."""
        ...

    @property
    def dropped(self) -> Mapping[str, int]:
        """Rows dropped, by reason."""
        ...

    @property
    def failed(self) -> Mapping[str, int]:
        """Rows that failed, by reason."""
        ...

    @property
    def rows_out(self) -> int:
        """Rows that went out; one row in may give several."""
        ...

    @property
    def seconds(self) -> float:
        """Time spent, in seconds."""
        ...


@dataclass(frozen=True)
class StageAccount:
    """The account of one stage, for runs that have no ledger to ask."""

    name: str
    """Name of the stage."""
    rows_in: int
    """Rows that came in."""
    done: int
    """Rows that were worked on to the end."""
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    """Rows dropped, by reason."""
    failed: Mapping[str, int] = field(default_factory=dict[str, int])
    """Rows that failed, by reason."""
    rows_out: int = 0
    """Rows that went out."""
    seconds: float = 0.0
    """Time spent."""


@dataclass(frozen=True)
class StageAccounts:
    """A table that shows for each stage that rows in = done + dropped + failed."""

    stages: Sequence[StageAccountLike]
    """In the order in which they ran."""
    title: str = "What became of every row"
    """Heading of the section."""
    note: str = ""
    """A sentence under the heading."""


def begun(stages: Sequence[StageAccountLike]) -> list[StageAccountLike]:
    """Stages that have rows to account for.

    >>> [stage.name for stage in begun([StageAccount("causality", 10, 6), StageAccount("empty", 0, 0)])]
    ['causality', 'empty']
    """
    return [
        stage
        for stage in stages
        if getattr(stage, "kind", "") != "task" and (getattr(stage, "finished", True) or stage.rows_in)
    ]


def balance(stage: StageAccountLike) -> int:
    """Rows of a stage not accounted for: 0 when rows in = done + dropped + failed, above 0 when some are pending.

    >>> balance(StageAccount("causality", 10, 6, {"low_causality": 3}, {"corrupt": 1}))
    0
    """
    return stage.rows_in - stage.done - sum(stage.dropped.values()) - sum(stage.failed.values())
