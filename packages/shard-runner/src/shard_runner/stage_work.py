"""A stage at work: from its inputs, as they come, to shards, and from finished shards to a finished stage."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from shard_runner.batches import StageWorker
from shard_runner.content import Content
from shard_runner.context import RunContext
from shard_runner.disk import read_record, remove_folder, sync_folder, write_record
from shard_runner.engines.engine import Job
from shard_runner.errors import TooManyFailed
from shard_runner.finishing import finish_folder
from shard_runner.folder import (
    PLAN_RECORD,
    STAGE_RECORD,
    building_folder,
    earlier_folders,
    set_aside,
    stage_folder,
    swap_in,
)
from shard_runner.ledger import read_head
from shard_runner.memory import Memory, belongs_to, failed_in, is_finished, reopen
from shard_runner.plain import digest_of
from shard_runner.planning import Part, ShardPlanner
from shard_runner.processing import Order, process_shard
from shard_runner.provenance import is_current, same_input, same_recipe, whole_record
from shard_runner.shard import Shard
from shard_runner.stages import Stage


def is_up_to_date(context: RunContext, stage: Stage) -> bool:
    """Tell whether a stage whose inputs are finished has nothing to do, and clean up what a kill left of it."""
    run_dir, name = context.run_dir, stage.name
    if not is_current(whole_record(stage_folder(run_dir, name)), context.made_from(name)):
        return False
    for leftover in (building_folder(run_dir, name), *earlier_folders(run_dir, name)):
        remove_folder(leftover)
    return True


class StageWork:
    """Hands out shards of a stage as its inputs fill them, and puts its output in place once all are finished."""

    def __init__(self, context: RunContext, stage: Stage, feeders: Mapping[str, "StageWork"]) -> None:
        """Open the folder in which the output grows, or take it up.

        Args:
            context: Of the run.
            stage: Whose inputs are finished, or at work in `feeders`.
            feeders: Stages at work, by name.
        """
        self.context, self.stage = context, stage
        self.building = building_folder(context.run_dir, stage.name)
        self.folder = self.building
        """Where the output lies: in the folder that grows, and in the end in the stage's own."""
        self.finished: set[int] = set()
        """Shards whose output can be read."""
        self._inputs = deque(context.plan.row_inputs(stage.name))
        self._feeders = {name: feeders[name] for name in self._inputs if name in feeders}
        self._records = {name: self._record(name) for name in self._inputs if name not in feeders}
        self._next_part = 0
        self._planner = ShardPlanner(stage, context.run_dir, context.shard_size)
        self._planned_all = False
        self._planned: deque[Shard] = deque()
        self._again: deque[Order] = deque()
        self._shards = 0
        self._units = 0
        self._failed = 0
        self.plan_record = self._open()
        self._memory = Memory(self._earlier_attempts())

    def job(self) -> Job:
        """Return what an engine needs to know."""
        stage, placement = self.stage, self.context.placement
        amounts = placement.workers_of(stage), placement.gpus_of(stage)
        return Job(stage, self.context.run_dir, self.building, *amounts)

    @property
    def known_units(self) -> int | None:
        """Number of units in all; None while an input is still at work."""
        if self._planned_all:
            return self._units
        if self._feeders:
            return None
        return sum(record["rows_out"] for record in self._records.values()) * (self.stage.samples or 1)

    @property
    def is_complete(self) -> bool:
        """Whether every shard is finished."""
        return self._planned_all and not self._planned and not self._again and len(self.finished) == self._shards

    # the folder

    def _record(self, name: str) -> dict[str, Any]:
        record = read_record(stage_folder(self.context.run_dir, name) / STAGE_RECORD)
        assert record is not None, "inputs are brought up to date first"
        return record

    def _open(self) -> dict[str, Any]:
        run_dir = self.context.run_dir
        growing = {name: f"growing: {digest_of(feeder.plan_record)}" for name, feeder in self._feeders.items()}
        made_from = self.context.made_from(self.stage.name, growing)
        before = read_record(self.building / PLAN_RECORD) or {}
        if self.building.exists() and not same_input(before, made_from):
            if same_recipe(before, made_from):
                set_aside(run_dir, self.stage.name, self.building)
            else:
                remove_folder(self.building)
        self.building.mkdir(exist_ok=True)
        self._write_plan(made_from)
        sync_folder(run_dir)
        return made_from

    def _write_plan(self, made_from: Mapping[str, Any]) -> None:
        write_record(self.building / PLAN_RECORD, {**made_from, "rows_in": self.known_units})

    def _earlier_attempts(self) -> list[Path]:
        run_dir, name = self.context.run_dir, self.stage.name
        folders = [*earlier_folders(run_dir, name), stage_folder(run_dir, name)]
        records = [read_record(folder / STAGE_RECORD) or read_record(folder / PLAN_RECORD) for folder in folders]
        pairs = zip(folders, records, strict=True)
        return [folder for folder, record in pairs if record and same_recipe(record, self.plan_record)]

    # shards

    def next_order(self, on_rows: Callable[[int], object]) -> Order | None:
        """Return the next shard to be worked on, None while there is none; `on_rows` hears of rows without work."""
        if self._again:
            return self._again.popleft()
        while not self.context.stopping() and (shard := self._next_shard()) is not None:
            if not self._needs_no_work(shard):
                return Order(shard, self._failures_left())
            self.finished.add(shard.index)
            on_rows(shard.units)
        return None

    def _next_shard(self) -> Shard | None:
        while not self._planned and not self._planned_all:
            part = self._take_part()
            if part is not None:
                self._planned.extend(self._planner.add(part))
            elif self._inputs:
                return None
            else:
                self._planned.extend(self._planner.finish())
                self._planned_all = True
        if not self._planned:
            return None
        shard = self._planned.popleft()
        self._shards += 1
        self._units += shard.units
        if self._planned_all and self._feeders:
            self._write_plan(self.plan_record)
        return shard

    def _take_part(self) -> Part | None:
        """Return the next part of the inputs, in order; None where it is not finished, or there are no more."""
        while self._inputs:
            name, index = self._inputs[0], self._next_part
            feeder = self._feeders.get(name)
            if feeder is not None and index in feeder.finished:
                head = read_head(feeder.folder, index)
                assert head is not None, "a finished shard has a ledger"
                self._next_part += 1
                return Part(name, index, head.content)
            if feeder is not None and feeder.folder == feeder.building:  # it has not finished
                return None
            if name in self._records and index < len(self._records[name]["shards"]):
                self._next_part += 1
                return Part(name, index, Content.from_text(self._records[name]["shards"][index]["content"]))
            self._inputs.popleft()
            self._next_part = 0
        return None

    def _needs_no_work(self, shard: Shard) -> bool:
        """Take what is there already, and tell whether that is all."""
        building, memory = self.building, self._memory
        if not belongs_to(building, shard):
            memory.retire(self.context.run_dir, building, shard.index)
        if is_finished(building, shard):
            if not failed_in(building, shard.index):
                return True
            reopen(building, shard.index)
        if memory.adopt(shard, building):
            return True
        if not memory.carry_over(self.stage, shard, self.context.run_dir, building):
            return False
        process_shard(StageWorker(self.stage), Order(shard), self.context.run_dir, building)
        return True

    def _failures_left(self) -> float:
        """Return how many more rows may fail; while an input is still at work there is no telling."""
        known = self.known_units
        return float("inf") if known is None else int(self.context.max_failed_share * known) - self._failed

    def settle(self, index: int, failed: int) -> None:
        """Note that an engine finished a shard.

        Raises:
            TooManyFailed: more rows of the stage failed than may.
        """
        self.finished.add(index)
        self._failed += failed
        self._check_failures()

    def _check_failures(self) -> None:
        if self._failures_left() < 0:
            raise TooManyFailed(
                f"stage {self.stage.name!r} stopped: more rows failed than max_failed_share allows; "
                f"see {self.building}, and `status`"
            )

    def failed_if_finished(self, order: Order) -> int | None:
        """Return how many rows of a shard failed whose worker ended; None where it had not finished it."""
        return failed_in(self.building, order.shard.index) if is_finished(self.building, order.shard) else None

    def again(self, order: Order) -> None:
        """Take back a shard whose worker ended."""
        self._again.append(replace(order, careful=True))

    def finish(self) -> None:
        """Complete the output and put it in place of the old.

        Raises:
            TooManyFailed: more rows of the stage failed than may, which may be known only now.
        """
        self._check_failures()
        made_from = self.context.made_from(self.stage.name)
        finish_folder(self.building, self._shards, rows_in=self._units, made_from=made_from)
        swap_in(self.context.run_dir, self.stage.name)
        self.folder = stage_folder(self.context.run_dir, self.stage.name)
