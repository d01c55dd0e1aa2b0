"""Running a pipeline."""

import errno
import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shard_runner.accounts import RUN_RECORD, StageAccount, accounts_to_text, recorded_accounts
from shard_runner.context import RunContext
from shard_runner.disk import remove_gone, write_json
from shard_runner.errors import LedgerError, PipelineError, Stopped
from shard_runner.interrupts import StopRequest, graceful_interrupts
from shard_runner.lock import locked
from shard_runner.placement import HERE, Placement
from shard_runner.plain import to_json
from shard_runner.record import describe_run
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
    _check_arguments(shard_size, limit, max_failed_share)
    _check_settings(settings or {})
    whole = plan_pipeline(pipeline, seed=seed)
    plan = plan_pipeline(pipeline, seed=seed, only=only)
    run_dir = Path(run_dir)
    request = StopRequest()
    with _disk_errors(run_dir, making=True):
        run_dir.mkdir(parents=True, exist_ok=True)
    stages = [step for step in plan.steps if isinstance(step, Stage)]
    with _disk_errors(run_dir), locked(run_dir):
        remove_gone(run_dir)
        check_folders(run_dir, [step.name for step in plan.steps])
        with closing(placement.make_engine(stages=stages, stopping=request)) as engine:
            how = {"seed": seed, "shard_size": shard_size, "limit": limit, "max_failed_share": max_failed_share}
            write_json(run_dir / RUN_RECORD, describe_run(whole, how, settings or {}))
            gpus = placement.gpus_per_worker
            numbers = (seed, shard_size, limit, max_failed_share, progress, placement.workers, gpus)
            context = RunContext(run_dir, plan, *numbers, engine, request)
            _work(context, _shifts(plan, together=placement.overlap), request)
            return RunSummary(run_dir, recorded_accounts(run_dir))


def _check_arguments(shard_size: int, limit: int | None, max_failed_share: float) -> None:
    if shard_size < 1:
        raise PipelineError(f"shard_size must be at least 1; got {shard_size}")
    if limit is not None and limit < 1:
        raise PipelineError(f"limit must be at least 1, or None for all rows; got {limit}")
    if not 0 <= max_failed_share <= 1:
        raise PipelineError(f"max_failed_share must lie between 0 and 1; got {max_failed_share}")


def _check_settings(settings: Mapping[str, Any]) -> None:
    try:
        to_json(dict(settings))
    except (TypeError, ValueError, RecursionError) as error:
        raise PipelineError(f"settings must be plain values, so that {RUN_RECORD} can keep them: {error}") from error


Shift = Source | Task | list[Stage]
"""What is worked on together."""


def _shifts(plan: Plan, *, together: bool) -> Iterator[Shift]:
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


def _work(context: RunContext, shifts: Iterable[Shift], request: StopRequest) -> None:
    try:
        for shift in shifts:
            if request():
                raise Stopped
            if isinstance(shift, Task):  # Ctrl-C ends it at once, as it would without us: it keeps its own state
                run_task(context, shift)
                continue
            with graceful_interrupts(request):
                if isinstance(shift, Source):
                    read_source(context, shift)
                else:
                    run_stages(context, shift)
    except Stopped:
        raise KeyboardInterrupt from None


_NO_ROOM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than the system allows here",
}
_NO_WRITING = {errno.EROFS: "the disk can't be written to", errno.EACCES: "permission was denied"}


@contextmanager
def _disk_errors(run_dir: Path, *, making: bool = False) -> Generator[None]:
    """Say what to do about a disk that takes no more; an error that names no file of the run folder is somebody else's.

    While the folder is being made, those above it count too.
    """
    try:
        yield
    except OSError as error:
        what = (_NO_ROOM | _NO_WRITING).get(error.errno or 0)
        named, ours = error.filename, run_dir.absolute()
        where = Path(os.fsdecode(named)).absolute() if isinstance(named, str | bytes | os.PathLike) else None
        if what is None or where is None or not (where.is_relative_to(ours) or (making and ours.is_relative_to(where))):
            raise
        todo = "make room" if error.errno in _NO_ROOM else "choose another run folder, or mend it"
        raise LedgerError(
            f"{where}: {what}; {todo} and start the same command again: nothing finished is lost"
        ) from error
