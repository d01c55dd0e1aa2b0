"""One batch through a stage's function: again where an error passes, in halves where a row is bad."""

import copy
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from shard_runner import garbage
from shard_runner.columns import conform
from shard_runner.errors import StageError, Stopped
from shard_runner.outcomes import Done, Failed, Outcome, StageFn
from shard_runner.plain import Row
from shard_runner.retry import free_memory, is_out_of_memory
from shard_runner.stages import Stage
from shard_runner.verdicts import Verdict, judged

Judged = tuple[Verdict, str]
"""A verdict and its journal form."""


@dataclass
class StageWorker:
    """A stage on one worker: its heavy objects are made at the first batch, and kept."""

    stage: Stage
    most_rows: int | None = None
    """No call gets more rows, since a larger one ran out of memory."""

    @cached_property
    def call(self) -> StageFn:
        """The stage's function."""
        return self.stage.make()


@dataclass
class Batch:
    """Rows to be put through a stage's function, and how to read them anew."""

    rows: list[Row]
    reread: Callable[[], list[Row]]
    """Returns the same rows, fresh: a function may have changed those that it was given."""
    stopping: Callable[[], bool] = lambda: False
    """Tells whether the run was asked to stop: then no wait is waited out."""
    attempts: int = field(default=0, init=False)

    def half(self, start: int, stop: int, fresh: Sequence[Row]) -> "Batch":
        """Return a batch of some of the rows."""
        return Batch(copy.deepcopy(list(fresh[start:stop])), lambda: self.reread()[start:stop], self.stopping)


def run_batch(worker: StageWorker, batch: Batch) -> list[Judged]:
    """Return the verdict of each row of a batch, with its journal form.

    Raises:
        StageError: the stage broke its contract, or raised where it sees all rows at once.
        Stopped: the run was asked to stop while it waited to try again.
    """
    most = worker.most_rows
    if most is not None and len(batch.rows) > most and not worker.stage.whole_input:
        pieces = range(0, len(batch.rows), most)
        return [pair for at in pieces for pair in run_batch(worker, batch.half(at, at + most, batch.rows))]
    call = worker.call  # an error in make is no row's fault
    batch.attempts += 1
    try:
        outcomes = call(batch.rows)
    except Exception as error:
        return _after_error(worker, batch, error)
    return _all_judged(worker.stage, outcomes, len(batch.rows), batch.attempts)


def _after_error(worker: StageWorker, batch: Batch, error: Exception) -> list[Judged]:
    stage, count = worker.stage, len(batch.rows)
    if is_out_of_memory(error) and not stage.whole_input:
        free_memory()
        worker.most_rows = max(count // 2, 1)
        return _halved(worker, batch) if count > 1 else [_failed(error, batch.attempts)]
    if stage.retry.transient(error):
        if batch.attempts < stage.retry.attempts:
            return _again(worker, batch)
        if not stage.whole_input:
            return [_failed(error, batch.attempts)] * count
    if stage.whole_input:
        raise StageError(
            f"stage {stage.name!r} sees all rows at once, so its error is no single row's: {_text(error)}"
        ) from error
    return _halved(worker, batch) if count > 1 else [_failed(error, batch.attempts)]


def _again(worker: StageWorker, batch: Batch) -> list[Judged]:
    worker.stage.retry.wait(batch.attempts, stopping=batch.stopping)
    if batch.stopping():
        raise Stopped
    batch.rows = batch.reread()
    return run_batch(worker, batch)


def _halved(worker: StageWorker, batch: Batch) -> list[Judged]:
    fresh, middle = batch.reread(), len(batch.rows) // 2
    halves = (batch.half(0, middle, fresh), batch.half(middle, len(fresh), fresh))
    return [pair for half in halves for pair in run_batch(worker, half)]


def _failed(error: Exception, attempts: int) -> Judged:
    verdict, _ = judged(Failed(type(error).__name__, _text(error)))
    verdict = verdict._replace(attempts=attempts, traceback=frames_of(error))
    return verdict, verdict.as_text()


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def frames_of(error: BaseException) -> str:
    """Return where an error came from: a line for each frame after ours, innermost last, the same on every machine."""
    frames = traceback.walk_tb(error.__traceback__)
    own = __name__
    lines = [
        f"{frame.f_globals.get('__name__', '?')}:{line} in {frame.f_code.co_qualname}"
        for frame, line in frames
        if frame.f_globals.get("__name__") != own
    ]
    return "\n".join(lines)


def _all_judged(stage: Stage, outcomes: object, count: int, attempts: int) -> list[Judged]:
    if not isinstance(outcomes, Sequence) or isinstance(outcomes, str) or len(outcomes) != count:
        got = f"{len(outcomes)} outcomes" if isinstance(outcomes, Sequence) else f"a {type(outcomes).__name__}"
        raise StageError(f"stage {stage.name!r} must return one outcome for each of its {count} rows; got {got}")
    try:
        with garbage.paused():
            pairs = [judged(outcome) for outcome in outcomes]
    except StageError as error:
        raise StageError(f"stage {stage.name!r}: {error}") from error
    if stage.schema is not None:
        pairs = [_conformed(pair, stage) for pair in pairs]
    return pairs if attempts == 1 else [_tried(pair, attempts) for pair in pairs]


def _conformed(pair: Judged, stage: Stage) -> Judged:
    verdict = pair[0]
    if stage.schema is None or verdict.state != "done":
        return pair
    outcome: Outcome
    try:
        outcome = Done(conform(verdict.rows, stage.schema), verdict.tokens)
    except ValueError as error:
        outcome = Failed("schema", str(error), verdict.tokens)
    return judged(outcome)


def _tried(pair: Judged, attempts: int) -> Judged:
    """Note how often the stage was called for a row that failed; what came through is the same as at the first try."""
    if pair[0].state == "done":
        return pair
    verdict = pair[0]._replace(attempts=attempts)
    return verdict, verdict.as_text()
