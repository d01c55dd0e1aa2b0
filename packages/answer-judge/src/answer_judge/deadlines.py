"""A deadline for each verdict that holds whatever a rung does, in any thread and in any process."""

from __future__ import annotations

import os
import pickle
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from queue import LifoQueue
from types import TracebackType
from typing import Any

from answer_judge.errors import WorkerError
from answer_judge.judging_process import Died, JudgingProcess, Overrun, request_of, shown
from answer_judge.ladder import Ladder, Question
from answer_judge.verdicts import Verdict


@dataclass
class _Seat:
    """Room for one process."""

    process: JudgingProcess | None = None

    def clear(self) -> None:
        if self.process:
            self.process.kill()
        self.process = None


class DeadlineLadder:
    """A ladder in processes of its own; a pair that takes longer than `seconds` is given up, its neighbours are not.

    The time of a pair starts when its own judging starts: waiting for a free process or for one to start does not
    count. A process that overruns is killed with everything that it started and replaced; the verdict is a rejection
    by the rung `deadline`, so that it can be told from a wrong answer. A process that dies under a pair is replaced
    and the pair judged once more. No signal is used in the caller's process: threads, process pools (forked, spawned,
    daemonic) may all judge; an instance sent to another process starts processes of its own there.

    A process starts at its first use: 0.2 s for rules, or as long as the model takes to load. Pairs are judged one at
    a time (0.15 ms more than in this process), so an embedder in there embeds one answer at a time: have it look up
    vectors in a `CachedEmbedder`, or keep the embedding rung outside.

    >>> from answer_judge import default_ladder
    >>> with DeadlineLadder(default_ladder, seconds=5) as ladder:
    ...     ladder.judge("Two doughnuts", "donut").rung
    'lexical'
    """

    def __init__(
        self,
        make_ladder: Callable[[], Ladder],
        *,
        seconds: float = 10.0,
        workers: int = 1,
        start_seconds: float = 120.0,
    ) -> None:
        """Take what makes the ladder: a function of an importable module, or a `functools.partial` of one.

        So many threads may judge at once as there are `workers`; others wait. `start_seconds` is for `make_ladder`.

        Raises:
            WorkerError: `make_ladder` cannot be sent to another process, or a number is not positive.
        """
        if not (seconds > 0 and workers > 0 and start_seconds > 0):
            raise WorkerError(
                f"seconds, workers and start_seconds must be positive; got {seconds}, {workers}, {start_seconds}"
            )
        self.seconds, self.workers, self.start_seconds = seconds, workers, start_seconds
        self._factory = _pickled(make_ladder)
        self._seats_by_pid: dict[int, LifoQueue[_Seat]] = {}
        weakref.finalize(self, _clear_all, self._seats_by_pid)

    def judge(self, answer: str, reference: str, options: Mapping[str, str] | None = None) -> Verdict:
        """Return the verdict on one answer; see `judge_many`."""
        return self.judge_many([(answer, reference, options)])[0]

    def judge_many(self, pairs: Iterable[Question]) -> list[Verdict]:
        """Return one verdict for each pair, as `Ladder.judge_many` takes them, in order; equal pairs are judged once.

        Raises:
            WorkerError: the ladder cannot be made, a rung raised, or a pair ended its process twice.
        """
        requests = [request_of(pair) for pair in pairs]
        seats = self._seats()
        seat = seats.get()
        try:
            verdicts = {request: self._judge(request, seat) for request in dict.fromkeys(requests)}
        finally:
            seats.put(seat)
        return [verdicts[request] for request in requests]

    def close(self) -> None:
        """Wait for other threads' verdicts and end the processes; a later call starts new ones."""
        seats = self._seats()
        taken = [seats.get() for _ in range(self.workers)]
        for seat in taken:
            seat.clear()
            seats.put(seat)

    def _judge(self, request: str, seat: _Seat) -> Verdict:
        status = ""
        for _ in range(2):
            try:
                return self._process_of(seat).judge(request)
            except Overrun:
                return Verdict(False, "deadline", 0.0, f"no verdict within {self.seconds:g} s; its process was killed")
            except Died as died:
                status = str(died)
        raise WorkerError(f"the process judging {shown(request)} ended twice ({status})")

    def _process_of(self, seat: _Seat) -> JudgingProcess:
        if seat.process is None or not seat.process.is_alive():
            seat.clear()
            seat.process = JudgingProcess(self._factory, seconds=self.seconds, start_seconds=self.start_seconds)
        return seat.process

    def _seats(self) -> LifoQueue[_Seat]:
        """The seats of this process; those that a fork copied are its parent's."""
        seats = self._seats_by_pid.get(os.getpid())
        return seats or self._seats_by_pid.setdefault(os.getpid(), _empty_seats(self.workers))

    def __enter__(self) -> DeadlineLadder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self._factory, self.seconds, self.workers, self.start_seconds)


def _empty_seats(count: int) -> LifoQueue[_Seat]:
    seats: LifoQueue[_Seat] = LifoQueue()
    for _ in range(count):
        seats.put(_Seat())
    return seats


def _clear_all(seats_by_pid: dict[int, LifoQueue[_Seat]]) -> None:
    """End the idle processes of a ladder that nobody closed."""
    seats = seats_by_pid.get(os.getpid())
    while seats and not seats.empty():
        seats.get().clear()


def _pickled(make_ladder: Callable[[], Ladder]) -> bytes:
    try:
        return pickle.dumps(make_ladder)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise WorkerError(
            f"make_ladder must be a function of an importable module, or a functools.partial of one: {error}"
        ) from error


def _unpickled(factory: bytes, seconds: float, workers: int, start_seconds: float) -> DeadlineLadder:
    return DeadlineLadder(pickle.loads(factory), seconds=seconds, workers=workers, start_seconds=start_seconds)
