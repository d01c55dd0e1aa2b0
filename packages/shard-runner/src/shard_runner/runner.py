"""Running a pipeline on this machine."""

import shutil
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from shard_runner.accounts import RUN_RECORD, TIMES_RECORD, StageAccount, accounts_to_text, status
from shard_runner.disk import link_or_copy, read_json, sync_folder, write_json
from shard_runner.errors import PipelineError, TooManyFailed
from shard_runner.finishing import finish_folder
from shard_runner.folder import (
    PLAN_RECORD,
    STAGE_RECORD,
    TASK_RECORD,
    Entry,
    building_folder,
    earlier_folders,
    journal_path,
    ledger_path,
    part_path,
    read_entries,
    read_rows,
    recover_swap,
    set_aside,
    stage_folder,
    swap_in,
    write_shard,
)
from shard_runner.lock import locked
from shard_runner.outcomes import Verdict, to_verdict
from shard_runner.plain import Row, digest_of, to_json
from shard_runner.planning import plan_shards
from shard_runner.progress import progress_bar
from shard_runner.record import describe_run
from shard_runner.shard import Memory, Shard, StageWorker, failed_in, is_finished, process_shard, reopen
from shard_runner.stages import Plan, Source, Stage, Step, Task, TaskContext, plan_pipeline


@dataclass(frozen=True)
class RunSummary:
    """What a run came to; as text, its table."""

    run_dir: Path
    accounts: list[StageAccount]
    """Of each step of the pipeline, in order."""

    def __str__(self) -> str:
        return accounts_to_text(self.accounts)


@dataclass(frozen=True)
class _Run:
    run_dir: Path
    plan: Plan
    seed: int
    shard_size: int
    limit: int | None
    max_failed_share: float
    progress: bool


def run(
    pipeline: Sequence[Step],
    run_dir: str | Path,
    *,
    seed: int,
    only: Sequence[str] | None = None,
    shard_size: int = 1000,
    limit: int | None = None,
    max_failed_share: float = 0.5,
    progress: bool = True,
    settings: Mapping[str, Any] | None = None,
) -> RunSummary:
    """Bring a pipeline's output in `run_dir` up to date, doing only what is not done yet.

    After a kill at any moment the same call finishes the work: no finished row is worked on twice, failed rows are
    tried again, and the files are byte for byte those of a run that was not killed.

    Args:
        pipeline: Sources, stages and tasks; each comes after its inputs.
        run_dir: Folder of the run; made where it is missing.
        seed: Part of every fingerprint; use it with `row_seed`.
        only: Names of steps to bring up to date, with what they need; default all.
        shard_size: Input rows of a shard; the result does not depend on it.
        limit: At most so many rows of each source.
        max_failed_share: A stage stops when more than this share of its rows failed, 0 to 1.
        progress: Show bars where standard error is a terminal.
        settings: Plain values to be kept in `run.json`, beside the pipeline's own.

    Raises:
        PipelineError: when pipeline or arguments make no sense.
        RunFolderBusy: when another process works on `run_dir`.
        TooManyFailed: when more rows of a stage failed than allowed.
    """
    _check_arguments(shard_size, limit, max_failed_share)
    whole = plan_pipeline(pipeline, seed=seed)
    plan = plan_pipeline(pipeline, seed=seed, only=only)
    run_dir = Path(run_dir)
    run_dir.mkdir(parents=True, exist_ok=True)
    context = _Run(run_dir, plan, seed, shard_size, limit, max_failed_share, progress)
    with locked(run_dir):
        how = {"seed": seed, "shard_size": shard_size, "limit": limit, "max_failed_share": max_failed_share}
        write_json(run_dir / RUN_RECORD, describe_run(whole, how, settings or {}))
        for step in plan.steps:
            _bring_up_to_date(context, step)
        return RunSummary(run_dir, status(run_dir))


def _check_arguments(shard_size: int, limit: int | None, max_failed_share: float) -> None:
    if shard_size < 1:
        raise PipelineError(f"shard_size must be at least 1; got {shard_size}")
    if limit is not None and limit < 1:
        raise PipelineError(f"limit must be at least 1, or None for all rows; got {limit}")
    if not 0 <= max_failed_share <= 1:
        raise PipelineError(f"max_failed_share must lie between 0 and 1; got {max_failed_share}")


def _bring_up_to_date(context: _Run, step: Step) -> None:
    if isinstance(step, Task):
        _run_task(context, step)
        return
    recover_swap(context.run_dir, step.name)
    if isinstance(step, Source):
        _read_source(context, step)
    else:
        _run_stage(context, step)


def _content_of(run_dir: Path, name: str) -> str:
    folder = stage_folder(run_dir, name)
    record = read_json(folder / STAGE_RECORD) or read_json(folder / TASK_RECORD)
    assert record is not None, "inputs are brought up to date first"
    return record["content"]


@contextmanager
def _timed(context: _Run, name: str) -> Generator[None]:
    """Add the time spent to the step's, also when it is interrupted."""
    recipe, start = context.plan.recipes[name], time.monotonic()
    try:
        yield
    finally:
        path = context.run_dir / TIMES_RECORD
        times = read_json(path) or {}
        before = times.get(name, {})
        spent = before.get("seconds", 0.0) if before.get("recipe") == recipe else 0.0
        times[name] = {"recipe": recipe, "seconds": round(spent + time.monotonic() - start, 3)}
        write_json(path, times)


def _made_from(context: _Run, name: str) -> dict[str, Any]:
    contents = {other: _content_of(context.run_dir, other) for other in context.plan.inputs[name]}
    rows = context.plan.row_inputs(name)
    tasks = {other: content for other, content in contents.items() if other not in rows}
    return {"name": name, "recipe": context.plan.recipes[name], "tasks": tasks, "inputs": contents}


def _same_work(record: Mapping[str, Any], made_from: Mapping[str, Any]) -> bool:
    """Tell whether an equal row would come to an equal outcome: all but the rows themselves is the same."""
    return all(record[key] == made_from[key] for key in ("recipe", "tasks"))


# sources


def _read_source(context: _Run, source: Source) -> None:
    building = building_folder(context.run_dir, source.name)
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    old = read_json(stage_folder(context.run_dir, source.name) / STAGE_RECORD)
    seen: set[str] = set()
    rows = islice(source.rows(), context.limit)
    total, count, failed = 0, 0, 0
    with _timed(context, source.name), progress_bar(source.name, context.limit, shown=context.progress) as tick:
        while batch := list(islice(rows, context.shard_size)):
            verdicts = [_source_verdict(row, seen, total + offset) for offset, row in enumerate(batch)]
            _write_source_shard(building, count, batch, verdicts)
            failed += sum(verdict.state == "failed" for verdict in verdicts)
            total, count = total + len(batch), count + 1
            tick(len(batch))
        if failed > context.max_failed_share * total:
            worst = next(e for i in range(count) for e in read_entries(building, i) if e.state == "failed")
            raise TooManyFailed(f"source {source.name!r}: {failed} of {total} rows are unfit; first: {worst.detail}")
        new = finish_folder(building, count, rows_in=total, made_from=_made_from(context, source.name))
    if new == old:
        shutil.rmtree(building)
    else:
        swap_in(context.run_dir, source.name)


def _source_verdict(row: Row, seen: set[str], position: int) -> Verdict:
    verdict = to_verdict([row])
    if verdict.state == "failed":
        return Verdict("failed", reason=verdict.reason, detail=f"row {position}: {verdict.detail}")
    row_id = verdict.rows[0]["id"]
    if row_id in seen:
        return Verdict("dropped", reason="duplicate_id", detail=f"another row with the id {row_id!r} comes before it")
    seen.add(row_id)
    return verdict


def _write_source_shard(folder: Path, index: int, rows: Sequence[Row], verdicts: Sequence[Verdict]) -> None:
    entries: list[Entry] = []
    for row, verdict in zip(rows, verdicts, strict=True):
        row_id = row.get("id")
        kept = to_json({key: repr(value) for key, value in row.items()}) if verdict.state == "failed" else None
        shown = row_id if isinstance(row_id, str) else ""
        key = digest_of([index, len(entries), verdict.rows])
        entries.append(Entry(key, shown, verdict.state, verdict.reason, verdict.detail, len(verdict.rows), kept))
    write_shard(folder, index, "", entries, [row for verdict in verdicts for row in verdict.rows])


# stages


def _run_stage(context: _Run, stage: Stage) -> None:
    run_dir, name = context.run_dir, stage.name
    made_from = _made_from(context, name)
    old = read_json(stage_folder(run_dir, name) / STAGE_RECORD)
    if old and not old["failed"] and all(old[key] == value for key, value in made_from.items()):
        shutil.rmtree(building_folder(run_dir, name), ignore_errors=True)
        recover_swap(run_dir, name)
        return
    inputs = context.plan.row_inputs(name)
    shards = plan_shards(run_dir, inputs, shard_size=context.shard_size, whole_input=stage.whole_input)
    rows_in = sum(shard.rows for shard in shards)
    with _timed(context, name):
        building = _open_building(run_dir, name, shards, rows_in, made_from)
        earlier = _earlier_attempts(run_dir, name, made_from)
        _process_shards(context, stage, shards, building, earlier)
        finish_folder(building, len(shards), rows_in=rows_in, made_from=made_from)
    swap_in(run_dir, name)


def _open_building(
    run_dir: Path, name: str, shards: Sequence[Shard], rows_in: int, made_from: Mapping[str, Any]
) -> Path:
    """Return the folder to build in: an interrupted one of the same plan is taken up, any other makes room."""
    building = building_folder(run_dir, name)
    plan = {**made_from, "rows_in": rows_in, "shards": [{"digest": shard.digest} for shard in shards]}
    before = read_json(building / PLAN_RECORD)
    if before != plan and building.exists():
        if before and _same_work(before, plan):
            set_aside(run_dir, name, building)
        else:
            shutil.rmtree(building)
    building.mkdir(exist_ok=True)
    write_json(building / PLAN_RECORD, plan)
    sync_folder(run_dir)
    return building


def _earlier_attempts(run_dir: Path, name: str, made_from: Mapping[str, Any]) -> list[Path]:
    folders = [*earlier_folders(run_dir, name), stage_folder(run_dir, name)]
    records = [read_json(folder / STAGE_RECORD) or read_json(folder / PLAN_RECORD) for folder in folders]
    return [folder for folder, record in zip(folders, records, strict=True) if record and _same_work(record, made_from)]


def _process_shards(
    context: _Run, stage: Stage, shards: Sequence[Shard], building: Path, earlier: Sequence[Path]
) -> None:
    worker, memory = StageWorker(stage), Memory(earlier)
    rows_in = sum(shard.rows for shard in shards)
    allowed = int(context.max_failed_share * rows_in)
    with progress_bar(stage.name, rows_in, shown=context.progress) as tick:
        for shard in shards:
            if is_finished(building, shard) and failed_in(building, shard):
                reopen(building, shard)
            if is_finished(building, shard) or _adopt(shard, building, earlier):
                tick(shard.rows)
            else:
                process_shard(worker, shard, building, memory=memory, failures_allowed=allowed, on_rows=tick)
            allowed -= failed_in(building, shard)


def _adopt(shard: Shard, building: Path, earlier: Sequence[Path]) -> bool:
    """Take over an earlier attempt's shard as it is, where its input is the same and nothing in it failed."""
    if journal_path(building, shard.index).exists():
        return False
    for folder in earlier:
        if is_finished(folder, shard) and not failed_in(folder, shard):
            (building / "ledger").mkdir(exist_ok=True)
            link_or_copy(part_path(folder, shard.index), part_path(building, shard.index))
            link_or_copy(ledger_path(folder, shard.index), ledger_path(building, shard.index))
            return True
    return False


# tasks


def _run_task(context: _Run, task: Task) -> None:
    folder = stage_folder(context.run_dir, task.name)
    made_from = _made_from(context, task.name)
    record = {**made_from, "content": digest_of(made_from), "finished": False}
    before = read_json(folder / TASK_RECORD)
    if before == {**record, "finished": True}:
        return
    if before != record:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    write_json(folder / TASK_RECORD, record)
    inputs = {name: stage_folder(context.run_dir, name) for name in context.plan.inputs[task.name]}
    read = partial(read_rows, context.run_dir)
    with _timed(context, task.name):
        task.run(TaskContext(task.name, folder, inputs, context.seed, read))
    write_json(folder / TASK_RECORD, {**record, "finished": True})
