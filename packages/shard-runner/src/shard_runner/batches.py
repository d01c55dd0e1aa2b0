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
from shard_runner.verdicts import Verdict, to_verdict


@dataclass
class StageWorker:
    """A stage on one worker: its heavy objects are made at the first batch, and kept."""

    stage: Stage
    most_rows: int | None = None
    """No call gets more rows, since a larger one ran out of memory."""

    @cached_property
    def call(self) -> StageFn:
        """The stage's function; what `make` raises is no row's fault, and carries the stage's name as a note."""
        try:
            return self.stage.make()
        except Exception as error:
            error.add_note(f"while stage {self.stage.name!r} was made ready")
            raise


@dataclass
class Batch:
    """Rows to be put through a stage's function, and how to read them anew."""

    rows: list[Row]
    reread: Callable[[], list[Row]]
    """Returns the same rows, fresh: a function may have changed those that it was given."""
    stopping: Callable[[], bool] = lambda: False
    """Tells whether the run was asked to stop: then no wait is waited out."""
    attempts: int = field(default=0, init=False)
    most_before: int | None = None
    """What the worker's `most_rows` was before a batch ran out of memory."""

    def half(self, start: int, stop: int, fresh: Sequence[Row]) -> "Batch":
        """Return a batch of some of the rows."""
        rows = copy.deepcopy(list(fresh[start:stop]))
        return Batch(rows, lambda: self.reread()[start:stop], self.stopping, most_before=self.most_before)


def run_batch(worker: StageWorker, batch: Batch) -> list[Verdict]:
    """Return the verdict of each row of a batch.

    Raises:
        StageError: the stage broke its contract, or raised where it sees all rows at once.
        Stopped: the run was asked to stop while it waited to try again.
    """
    most = worker.most_rows
    if most is not None and len(batch.rows) > most and not worker.stage.whole_input:
        pieces = range(0, len(batch.rows), most)
        return _in_turn(worker, [batch.half(at, at + most, batch.rows) for at in pieces])
    call = worker.call  # an error in make is no row's fault
    while True:
        batch.attempts += 1
        try:
            outcomes = call(batch.rows)
            break
        except Exception as error:
            if not _passes(worker.stage, batch, error):
                return _after_error(worker, batch, error)
        _wait(worker.stage, batch)
    return _to_verdicts(worker.stage, outcomes, len(batch.rows), batch.attempts)


def _in_turn(worker: StageWorker, parts: Sequence[Batch]) -> list[Verdict]:
    """Put parts of a batch through one after the other; a stop in between keeps what is finished."""
    made: list[Verdict] = []
    for part in parts:
        try:
            made += run_batch(worker, part)
        except Stopped as stop:
            raise Stopped([*made, *stop.finished]) from None
    return made


def _passes(stage: Stage, batch: Batch, error: Exception) -> bool:
    """Tell whether the batch is tried again as it is."""
    is_too_large = is_out_of_memory(error) and not stage.whole_input
    return not is_too_large and stage.retry.transient(error) and batch.attempts < stage.retry.attempts


def _after_error(worker: StageWorker, batch: Batch, error: Exception) -> list[Verdict]:
    stage, count = worker.stage, len(batch.rows)
    if is_out_of_memory(error) and not stage.whole_input:
        return _after_full_memory(worker, batch, error)
    if stage.retry.transient(error) and not stage.whole_input:
        return [_failed(error, batch.attempts)] * count
    if stage.whole_input:
        raise StageError(
            f"stage {stage.name!r} sees all rows at once, so its error is no single row's: {_text(error)}"
        ) from error
    return _halved(worker, batch) if count > 1 else [_failed(error, batch.attempts)]


def _after_full_memory(worker: StageWorker, batch: Batch, error: Exception) -> list[Verdict]:
    """Halve the batch, and those after it; a row that is too large by itself says nothing about the others."""
    free_memory()
    count = len(batch.rows)
    if count == 1:
        worker.most_rows = batch.most_before
        return [_failed(error, batch.attempts)]
    worker.most_rows = count // 2
    return _halved(worker, batch)


def _wait(stage: Stage, batch: Batch) -> None:
    stage.retry.wait(batch.attempts, stopping=batch.stopping)
    if batch.stopping():
        raise Stopped
    batch.rows = batch.reread()


def _halved(worker: StageWorker, batch: Batch) -> list[Verdict]:
    fresh, middle = batch.reread(), len(batch.rows) // 2
    return _in_turn(worker, [batch.half(0, middle, fresh), batch.half(middle, len(fresh), fresh)])


def _failed(error: Exception, attempts: int) -> Verdict:
    verdict = to_verdict(Failed(type(error).__name__, _text(error)))
    return verdict._replace(attempts=attempts, traceback=frames_of(error))


def _text(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception as second:  # an error that can't even say what it is
        return f"{type(error).__name__} (without words: {type(second).__name__})"


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


def _to_verdicts(stage: Stage, outcomes: object, count: int, attempts: int) -> list[Verdict]:
    if not isinstance(outcomes, Sequence) or isinstance(outcomes, str) or len(outcomes) != count:
        got = f"{len(outcomes)} outcomes" if isinstance(outcomes, Sequence) else f"a {type(outcomes).__name__}"
        raise StageError(f"stage {stage.name!r} must return one outcome for each of its {count} rows; got {got}")
    try:
        with garbage.paused():
            verdicts = [to_verdict(outcome) for outcome in outcomes]
    except StageError as error:
        raise StageError(f"stage {stage.name!r}: {error}") from error
    if stage.schema is not None:
        verdicts = [_conformed(verdict, stage) for verdict in verdicts]
    return verdicts if attempts == 1 else [_tried(verdict, attempts) for verdict in verdicts]


def _conformed(verdict: Verdict, stage: Stage) -> Verdict:
    if stage.schema is None or verdict.state != "done":
        return verdict
    outcome: Outcome
    try:
        outcome = Done(conform(verdict.rows, stage.schema), verdict.tokens)
    except ValueError as error:
        outcome = Failed("schema", str(error), verdict.tokens)
    return to_verdict(outcome)


def _tried(verdict: Verdict, attempts: int) -> Verdict:
    """Note how often the stage was called for a row that failed; what came through is the same as at the first try."""
    return verdict._replace(attempts=attempts) if verdict.state == "failed" else verdict
