"""One task asked of one model, every answer saved as it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Placement, RunSummary, Source, Step, run

from bench_eval.asking import Decoding, Sampler
from bench_eval.errors import RowError
from bench_eval.judges import judging_stage
from bench_eval.runs.task_records import RESPONSES, VERDICTS, TaskRecord, begin_record, finish_record
from bench_eval.runs.zooming import zoom_stages
from bench_eval.stages import response_stage
from bench_eval.tasks import DataFolder, Task

if TYPE_CHECKING:
    from roi_attention.zoom import ZoomSettings

_SHARD_ROWS = 512
"""Rows that one worker takes at a time, where there is one; the result does not depend on it."""


@dataclass(frozen=True, kw_only=True)
class AskedModel:
    """A model that is asked."""

    name: str
    """As people know it: a folder, a hub id, or the name that a server serves."""
    identity: str
    """Changes with the model's content, so that no answer of another model is taken for its own."""
    make_sampler: Callable[[], Sampler]
    """Called when there is something to ask; give one that remembers its sampler, and one load serves all tasks."""
    batch_size: int = 16
    """Rows asked at a time."""


@dataclass(frozen=True, kw_only=True)
class AskedJudge:
    """A model that judges answers."""

    name: str
    """Pinned id, printed with every score; other verdicts are asked for when it changes."""
    make_sampler: Callable[[], Sampler]
    """Called when there is something to judge; any sampler of text."""
    cache: Path | None = None
    """File of replies that runs share; by default one in the run's folder."""
    runs: int = 1
    """Times that each answer is judged."""


def run_task(
    task: Task,
    data_dir: str | Path,
    run_dir: str | Path,
    model: AskedModel,
    *,
    decoding: Decoding | None = None,
    limit: int | None = None,
    zoom: ZoomSettings | None = None,
    judge: AskedJudge | None = None,
    seed: int | None = None,
    progress: bool = False,
    placement: Placement | None = None,
) -> RunSummary:
    """Ask one task and save what comes in `run_dir/<task>`; after a kill the same call goes on where it stopped.

    Args:
        task: what is asked.
        data_dir: the folder that the task's data card describes.
        run_dir: of all tasks of this model.
        model: who is asked.
        decoding: how to draw answers; the task's own by default, which belongs to the published scores.
        limit: ask the first so many rows alone.
        zoom: ask in two turns, as models do that learned to.
        judge: who judges the answers of a judged task; other tasks take no notice. Without one they are saved, and the
            same call with a judge judges them.
        seed: of sampled answers, in place of the decoding's; each row's own is made from it and the row's id.
        progress: whether to show bars.
        placement: where the work is done; by default in this process.

    Raises:
        FileError: a file of the data is missing or torn.
        BenchEvalError: `limit` is below that of the answers in `run_dir`, which would be lost.
        RowError: a row lacks what is needed.
        shard_runner.ShardRunnerError: see `shard_runner.run`.
    """
    run_dir = Path(run_dir)
    drawn = decoding or task.decoding
    if seed is not None:
        drawn = replace(drawn, seed=seed)
    record = TaskRecord(
        task=task.name,
        model=model.name,
        identity=model.identity,
        decoding=drawn,
        limit=limit,
        zoom="" if zoom is None else repr(zoom),
        reference=task.reference,
    )
    return _run_recorded(
        record,
        task,
        _asking(task, DataFolder(Path(data_dir), run_dir / "pictures"), model, drawn, zoom),
        run_dir,
        judge,
        seed=drawn.seed,
        limit=limit,
        progress=progress,
        placement=placement,
        # Of several workers each takes a batch at a time: a benchmark of 300 rows would else leave all but one idle.
        shard_size=_SHARD_ROWS if placement is None or placement.workers < 2 else model.batch_size,
    )


def _asking(
    task: Task, data: DataFolder, model: AskedModel, decoding: Decoding, zoom: ZoomSettings | None
) -> list[Step]:
    """Steps from the rows of the data to saved responses."""
    ask, identity, size = model.make_sampler, model.identity, model.batch_size
    looking = [] if zoom is None else zoom_stages(ask, data.pictures, zoom, model=identity, batch_size=size)
    return [
        Source(name="rows", rows=lambda: task.read(data)),
        *looking,
        response_stage(RESPONSES, ask, model=identity, decoding=decoding, batch_size=size),
    ]


def keep_answers(
    task: Task,
    answered: Sequence[Mapping[str, Any]],
    run_dir: str | Path,
    *,
    model: str,
    harness: str,
    judge: AskedJudge | None = None,
) -> RunSummary:
    """Save answers that another harness asked for as a run, to be graded, judged and compared like any other.

    Args:
        task: that the rows belong to.
        answered: rows of the task with `trials` of `{text, finish_reason}`.
        run_dir: of all tasks of this model.
        model: its name.
        harness: who asked; runs of different harnesses are not compared.
        judge: as for `run_task`.

    Raises:
        RowError: there are no answers.
    """
    if not answered:
        raise RowError(f"there are no answers to {task.name} to keep.")
    rows = [dict(row) for row in answered]
    decoding = Decoding(n=max(len(row["trials"]) for row in rows))
    record = TaskRecord(
        task=task.name, model=model, identity=model, decoding=decoding, harness=harness, reference=task.reference
    )
    return _run_recorded(record, task, [Source(name=RESPONSES, rows=lambda: rows)], Path(run_dir), judge)


def _run_recorded(
    record: TaskRecord,
    task: Task,
    pipeline: list[Step],
    run_dir: Path,
    judge: AskedJudge | None,
    *,
    seed: int = 0,
    limit: int | None = None,
    progress: bool = False,
    placement: Placement | None = None,
    shard_size: int = _SHARD_ROWS,
) -> RunSummary:
    """Run a pipeline that ends in answers, have them judged, and write down how they came about."""
    if judge and task.judge:
        rule = f"{task.judge.name}-{task.judge.version} {task.judge.prompt_hash}"
        record = replace(record, judge=judge.name, judge_rule=rule, judge_runs=judge.runs)
        cache = judge.cache or run_dir / "verdicts.sqlite"
        pipeline.append(
            judging_stage(VERDICTS, judge.make_sampler, task.judge, judge=judge.name, cache=cache, runs=judge.runs)
        )
    begin_record(record, run_dir)
    summary = run(
        pipeline,
        run_dir / task.name,
        seed=seed,
        shard_size=shard_size,
        limit=limit,
        progress=progress,
        placement=placement or Placement(),
    )
    finish_record(record, run_dir)
    return summary
