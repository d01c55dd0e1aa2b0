"""Send the calls of many requests side by side, in order, and gather what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from trial_sampler.conversations import Refused
from trial_sampler.errors import SampleFailure
from trial_sampler.server.bodies import Call
from trial_sampler.server.concurrency import AdaptiveConcurrency
from trial_sampler.server.exchange import Exchange

Read = TypeVar("Read")


@dataclass(frozen=True)
class Job(Generic[Read]):
    """One request, ready to be sent."""

    calls: Sequence[Call]
    """Its calls; each gets one answer."""
    messages: str
    """The conversation as JSON, shared by all calls."""
    read: Callable[[Call, Any], Read]
    """Reads one answer; raises `Refused` if it is not what was asked for."""


Outcome = list[Read] | SampleFailure
"""What was read from the answers of a job's calls, in order; or why there is nothing."""


@dataclass(eq=False)
class _Gathered(Generic[Read]):
    """What has come back of a job; it outlives the job, whose images are large."""

    expected: int
    read: dict[int, Read] = field(default_factory=dict[int, Read])
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    failure: SampleFailure | None = None
    deadline_s: float | None = None
    """A time of the loop, set as the first attempt begins."""

    def fail(self, failure: SampleFailure) -> None:
        """Give the job up: its other answers would be paid for and thrown away."""
        self.failure = self.failure or failure
        for task in self.tasks - {asyncio.current_task()}:
            task.cancel()

    def outcome(self) -> Outcome[Read]:
        return self.failure or [self.read[number] for number in range(self.expected)]


class Dispatcher:
    """Serves jobs through one exchange."""

    def __init__(self, exchange: Exchange, concurrency: AdaptiveConcurrency, request_deadline_s: float) -> None:
        self._exchange, self._concurrency, self._request_deadline_s = exchange, concurrency, request_deadline_s

    async def serve(self, makers: Iterable[Callable[[], Job[Read]]]) -> list[Outcome[Read]]:
        """Return the outcome of each job, in order. A job is made in a thread while those before it are served.

        Raises:
            ExceptionGroup: of a `ModelError`; everything under way is cancelled.
        """
        all_gathered: list[_Gathered[Read]] = []
        async with asyncio.TaskGroup() as group:
            for maker in makers:
                made = await asyncio.to_thread(_make, maker)
                if isinstance(made, SampleFailure):
                    all_gathered.append(_Gathered(0, failure=made))
                    continue
                all_gathered.append(_Gathered(len(made.calls)))
                await self._send(made, all_gathered[-1], group)
        return [gathered.outcome() for gathered in all_gathered]

    async def _send(self, job: Job[Read], gathered: _Gathered[Read], group: asyncio.TaskGroup) -> None:
        """Start a job's calls as slots come free, unless one of them has failed by then."""
        for number in range(len(job.calls)):
            await self._concurrency.admit()
            if self._exchange.gone is not None:
                gathered.fail(SampleFailure("unavailable", f"the server is gone: {self._exchange.gone}"))
            if gathered.failure is not None:
                self._concurrency.close()
                return
            task = group.create_task(self._call(job, number, gathered))
            gathered.tasks.add(task)
            # Not in the task itself: one that is cancelled before it begins runs none of its code.
            task.add_done_callback(lambda task: self._concurrency.close())
            task.add_done_callback(gathered.tasks.discard)

    async def _call(self, job: Job[Read], number: int, gathered: _Gathered[Read]) -> None:
        if gathered.deadline_s is None:
            gathered.deadline_s = asyncio.get_running_loop().time() + self._request_deadline_s
        call = job.calls[number]
        try:
            answer = await self._exchange.answer(call.body(job.messages), gathered.deadline_s)
            gathered.read[number] = job.read(call, answer)
        except Refused as refused:
            gathered.fail(refused.failure)


def _make(maker: Callable[[], Job[Read]]) -> Job[Read] | SampleFailure:
    try:
        return maker()
    except Refused as refused:
        return refused.failure
