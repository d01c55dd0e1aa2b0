"""What the Ray engine remembers of its actors, and of the shards that they have."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shard_runner.engines.engine import Event, Job, Ticked
from shard_runner.engines.exchange import Courier, Parcel
from shard_runner.engines.ray_worker import Progress
from shard_runner.folder import journal_path
from shard_runner.journal import read_journal
from shard_runner.processing import Order
from shard_runner.verdicts import TRYING


@dataclass
class Assignment:
    """A shard that an actor has."""

    order: Order
    result: Any
    """Ray's reference of what comes of it."""
    parcel: Parcel | None
    known: int
    """Rows that its journal knew before."""
    told: Progress
    """How far we have heard that it is."""
    asked: Any = None
    """Ray's reference of how far it is, while we wait for it."""


@dataclass
class Member:
    """An actor."""

    actor: Any
    team: "Team"
    greeting: Any
    """Ray's reference of its first words; None once they have come: it has a place, and its stage."""
    started_at: float = field(default_factory=time.monotonic)
    assignment: Assignment | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it could take a shard."""
        return self.greeting is None and self.assignment is None


@dataclass
class Team:
    """The actors of one stage, and the shards that wait for one of them."""

    job: Job
    actor_class: Any
    arguments: tuple[Any, ...]
    courier: Courier | None
    members: list[Member] = field(default_factory=lambda: list[Member]())
    waiting: deque[Order] = field(default_factory=lambda: deque[Order]())
    """Never more than there are actors without a shard; the first actor that is free takes the next."""
    complained: bool = False

    @property
    def unplaced(self) -> list[Member]:
        """Actors that have no place yet."""
        return [member for member in self.members if member.greeting is not None]


def refs_of(member: Member) -> list[Any]:
    """Return what an actor is expected to say next."""
    if member.greeting is not None:
        return [member.greeting]
    if member.assignment is None:
        return []
    return [ref for ref in (member.assignment.asked, member.assignment.result) if ref is not None]


def ticks(job: Job, assignment: Assignment, now: Progress) -> Iterator[Event]:
    """Tell of what is new in an actor's words on how far it is."""
    before = assignment.told
    if now.number == before.number and now.rows > before.rows:
        assignment.told = now
        index = assignment.order.shard.index
        yield Ticked(job.stage.name, index, now.rows - before.rows, now.fresh - before.fresh)


def rows_known(job: Job, order: Order) -> int:
    """Return how many rows of a shard its journal knows."""
    verdicts = read_journal(journal_path(job.building, order.shard.index)).verdicts
    return sum(verdict.reason != TRYING for verdict in verdicts.values())
