"""Running a pipeline."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shard_runner.accounts import StageAccount, accounts_to_text, recorded_accounts
from shard_runner.context import RunContext
from shard_runner.disk import remove_gone, write_record
from shard_runner.disk_errors import disk_errors_told
from shard_runner.errors import PipelineError, Stopped
from shard_runner.interrupts import StopRequest, graceful_interrupts
from shard_runner.lock import locked
from shard_runner.placement import HERE, Placement
from shard_runner.plain import to_json
from shard_runner.record import RUN_RECORD, describe_run
from shard_runner.scheduling import run_stages
from shard_runner.sources import read_source
from shard_runner.stages import Plan, Source, Stage, Step, Task, plan_pipeline
from shard_runner.strangers import check_folders
from shard_runner.tasks import run_task


@dataclass(frozen=True)
class RunSummary:
    """What a run came to; as text, its table."""

    run_dir: Path
    accounts: list[StageAccount]
    """Of each step of the pipeline, in order."""

    def __str__(self) -> str:
        return accounts_to_text(self.accounts)


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
    placement: Placement = HERE,
) -> RunSummary:
    """Bring a pipeline's output in `run_dir` up to date, doing only what is not done yet.

    After a kill at any moment the same call finishes the work: no finished row is worked on twice, failed rows are
    tried again, and the files are byte for byte those of a run that was not killed. Ctrl-C stops after the batch under
    way, a second one at once.

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
        placement: Where the work is done: by default in this process.

    Raises:
        PipelineError: the pipeline or the arguments make no sense, or a folder of a step's name holds other files;
            nothing was done.
        StageError: a stage broke its contract, or too many of its rows failed.
        WorkerError: worker processes can't be started, or end again and again.
        RunFolderBusy: another process works on the folder.
        LedgerError: the disk is full or can't be written, or files were damaged.
        KeyboardInterrupt: after Ctrl-C; what was finished is kept.
        Exception: what a source's `rows` and `fingerprint`, a stage's `make` or a task raise comes as it is.
    """
    how = {"seed": seed, "shard_size": shard_size, "limit": limit, "max_failed_share": max_failed_share}
    _check_arguments(shard_size, limit, max_failed_share, settings or {})
    whole, plan = (plan_pipeline(pipeline, seed=seed, only=steps) for steps in (None, only))
    run_dir, request = Path(run_dir), StopRequest()
    with disk_errors_told(run_dir, making=True):
        run_dir.mkdir(parents=True, exist_ok=True)
    stages = [step for step in plan.steps if isinstance(step, Stage)]
    with disk_errors_told(run_dir), locked(run_dir):
        remove_gone(run_dir)
        check_folders(run_dir, [step.name for step in plan.steps])
        with closing(placement.make_engine(stages=stages, stopping=request)) as engine:
            write_record(run_dir / RUN_RECORD, describe_run(whole, how, settings or {}))
            told: dict[str, Any] = {**how, "progress": progress, "placement": placement}
            context = RunContext(run_dir=run_dir, plan=plan, engine=engine, stopping=request, **told)
            _work(context, _groups(plan, together=placement.overlap), request)
            return RunSummary(run_dir, recorded_accounts(run_dir))


def _check_arguments(shard_size: int, limit: int | None, max_failed_share: float, settings: Mapping[str, Any]) -> None:
    check_sizes(shard_size, limit)
    if not 0 <= max_failed_share <= 1:
        raise PipelineError(f"max_failed_share must lie between 0 and 1; got {max_failed_share}")
    try:
        to_json(dict(settings))
    except (TypeError, ValueError, RecursionError) as error:
        raise PipelineError(f"settings must be plain values, so that {RUN_RECORD} can keep them: {error}") from error


def check_sizes(shard_size: int, limit: int | None) -> None:
    """Check what says how much is read, and in what pieces.

    Raises:
        PipelineError: there would be no rows.
    """
    if shard_size < 1:
        raise PipelineError(f"shard_size must be at least 1; got {shard_size}")
    if limit is not None and limit < 1:
        raise PipelineError(f"limit must be at least 1, or None for all rows; got {limit}")


Group = Source | Task | list[Stage]
"""What is worked on together."""


def _groups(plan: Plan, *, together: bool) -> Iterator[Group]:
    stages: list[Stage] = []
    for step in plan.steps:
        if isinstance(step, Stage) and together:
            stages.append(step)
            continue
        if stages:
            yield stages
            stages = []
        yield [step] if isinstance(step, Stage) else step
    if stages:
        yield stages


def _work(context: RunContext, groups: Iterable[Group], request: StopRequest) -> None:
    try:
        for group in groups:
            if request():
                raise Stopped
            if isinstance(group, Task):  # Ctrl-C ends it at once, as it would without us: it keeps its own state
                run_task(context, group)
                continue
            with graceful_interrupts(request):
                if isinstance(group, Source):
                    read_source(context, group)
                else:
                    run_stages(context, group)
    except Stopped:
        raise KeyboardInterrupt from None
