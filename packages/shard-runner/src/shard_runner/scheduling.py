"""Stages at work, one after the other or side by side: shards to the engine, its events to the accounts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from shard_runner.context import RunContext
from shard_runner.engines.engine import Broke, Died, Event, Finished, Ticked
from shard_runner.errors import Stopped, TooManyFailed, WorkerError
from shard_runner.folder import recover_swap
from shard_runner.processing import Order
from shard_runner.progress import progress_bar
from shard_runner.stage_work import StageWork, is_up_to_date
from shard_runner.stages import Stage
from shard_runner.times import Stopwatch

_DEATHS_IN_A_ROW = 6
"""Of each of a stage's workers: all of them together may fall to one and the same cause."""


def run_stages(context: RunContext, stages: Sequence[Stage]) -> None:
    """Bring stages up to date together: each starts on what those before it have finished.

    Raises:
        StageError: a stage broke its contract, or too many rows failed.
        WorkerError: workers ended again and again.
        Stopped: the run was asked to stop.
    """
    with ExitStack() as opened:
        works: dict[str, StageWork] = {}
        for stage in stages:
            recover_swap(context.run_dir, stage.name)
            waits = any(name in works for name in context.plan.row_inputs(stage.name))
            if waits or not is_up_to_date(context, stage):
                works[stage.name] = StageWork(context, stage, works)
        _StagesAtWork(context, works, opened).run()


class _StagesAtWork:
    """Stages whose shards go to the engine, side by side, until all are finished."""

    def __init__(self, context: RunContext, works: Mapping[str, StageWork], opened: ExitStack) -> None:
        self._context, self._engine = context, context.engine
        self._works = dict(works)
        self._bars: dict[str, Callable[[int], object]] = {}
        self._watches: dict[str, Stopwatch] = {}
        self._ticked: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._deaths = Counter[str]()
        self._error: BaseException | None = None
        self._told_to_stop = False
        for name, work in works.items():
            opened.callback(self._engine.dismiss, name)
            self._engine.open(work.job())
            self._watches[name] = opened.enter_context(Stopwatch(context.run_dir, name, context.plan.recipes[name]))
            bar = progress_bar(name, work.known_units, shown=context.progress)
            self._bars[name] = opened.enter_context(bar)

    def run(self) -> None:
        """Work until all stages are finished."""
        while self._works:
            if self._context.stopping() or self._error is not None:
                self._stop()
            else:
                self._hand_out()
            if self._engine.busy():
                self._engine.wait(self._hear)

    def _hand_out(self) -> None:
        for name, work in list(self._works.items()):
            while self._engine.free(name) and (order := work.next_order(self._bars[name])) is not None:
                self._engine.submit(name, order)
                if self._context.stopping():
                    return
            if work.is_complete:
                self._engine.dismiss(name)
                self._finish(name, work)
                if self._error is not None:
                    return

    def _finish(self, name: str, work: StageWork) -> None:
        try:
            work.finish()
        except TooManyFailed as error:  # the others may finish the batch under way
            self._error = error
            return
        self._watches.pop(name).stop()
        del self._works[name]

    def _stop(self) -> None:
        if not self._told_to_stop:
            self._engine.stop()
            self._told_to_stop = True
        if not self._engine.busy():
            raise self._error or Stopped

    def _hear(self, event: Event) -> None:
        match event:
            case Ticked(stage, shard, rows, fresh):
                self._bars[stage](rows)
                self._ticked[stage, shard] += rows
                if fresh:
                    self._deaths[stage] = 0
            case Finished(stage, shard, failed):
                self._ticked.pop((stage, shard), None)
                self._settle(stage, shard, failed)
            case Broke(_, error):
                self._error = self._error or error
            case Died(stage, order, how):
                self._bury(stage, order, how)

    def _settle(self, stage: str, shard: int, failed: int) -> None:
        try:
            self._works[stage].settle(shard, failed)
        except TooManyFailed as error:  # the others may finish the batch under way
            self._error = self._error or error

    def _bury(self, stage: str, order: Order, how: str) -> None:
        """Give the shard of a worker that ended to another, from where its journal ends, unless it had finished it."""
        self._bars[stage](-self._ticked.pop((stage, order.shard.index), 0))
        failed = self._works[stage].failed_if_finished(order)
        if failed is not None:
            self._bars[stage](order.shard.units)
            self._settle(stage, order.shard.index, failed)
            return
        self._deaths[stage] += 1
        job = self._works[stage].job()
        at_work = 1 if job.stage.whole_input else job.workers
        if self._deaths[stage] >= _DEATHS_IN_A_ROW * at_work:
            self._error = self._error or WorkerError(
                f"workers of stage {stage!r} ended {self._deaths[stage]} times without finishing a row (last: {how}); "
                "is there memory enough for so many? Their own words are above"
            )
        else:
            self._works[stage].again(order)
