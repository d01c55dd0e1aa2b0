"""`bench-eval compare` and `compare-runs`: two models on the same tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench_eval.cli.asking_options import AskingOptions, asking_flags
from bench_eval.cli.choosing import RUN, profile_flag, saved_task_list, tasks_flag
from bench_eval.cli.judging import judge_flags
from bench_eval.cli.models import ModelSource, backend_flags, backend_of, is_adapter
from bench_eval.cli.showing import show_comparison, writing_flags
from bench_eval.errors import BenchEvalError, PairingError
from bench_eval.runs import RunComparison, compare_runs, profile_of, saved_tasks
from bench_eval.tasks import Task


def result_flags(command: Any) -> Any:
    """Add the flags that say how a comparison is graded and where it is written."""
    text = "Leave out and count rows that one side alone has, such as those that failed."
    counting = click.option("--count-missing", is_flag=True, help=text)
    return profile_flag(counting(writing_flags(command)))


@click.command("compare", short_help="Ask a model before and after training.")
@click.argument("base")
@click.argument("tuned", metavar="TUNED")
@tasks_flag()
@click.option("--out", "run_dir", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the answers of both; the same command goes on there after a kill.")  # fmt: skip
@click.option("--adapter/--no-adapter", "has_adapter", default=None,
              help="Whether TUNED is a LoRA adapter; a local folder tells by itself.")  # fmt: skip
@asking_flags
@backend_flags
@judge_flags
@result_flags
def compare_command(
    base: str,
    tuned: str,
    tasks: list[Task],
    run_dir: Path,
    has_adapter: bool | None,
    profile: str | dict[str, str] | None,
    count_missing: bool,
    **flags: Any,
) -> None:
    """Ask BASE and the same model after training, and say what changed.

    TUNED is a LoRA adapter for BASE (its weights are then loaded once for both) or a whole trained model: a folder or a
    hub id; of a server, the name under which it is served.
    """
    output = {name: flags.pop(name) for name in ("parts", "html", "markdown", "latex", "json_file")}
    backend, rest = backend_of(flags)
    asking = AskingOptions.from_flags(rest)
    _require_scores(tasks, profile, asking)
    sources = _sources(base, tuned, backend, is_adapter(tuned) if has_adapter is None else has_adapter)
    folders = (run_dir / "before", run_dir / "after")
    sides = [source.asked(tuned=k == 1) for k, source in enumerate(sources)]
    asking.check(tasks, dict(zip(folders, sides, strict=True)))
    for folder, side, source in zip(folders, sides, sources, strict=True):
        asking.ask(tasks, folder, side)
        if sources[0] is not sources[1]:
            source.release()
    show_comparison(_compared(*folders, tasks, profile, count_missing), **output)


@click.command("compare-runs", short_help="Compare two runs; nothing is asked.")
@click.argument("before", metavar="RUN_BEFORE", type=RUN)
@click.argument("after", metavar="RUN_AFTER", type=RUN)
@tasks_flag(required=False, text="Tasks, separated by commas; by default those that both runs hold.")
@result_flags
def compare_runs_command(
    before: Path,
    after: Path,
    tasks: list[Task] | None,
    profile: str | dict[str, str] | None,
    count_missing: bool,
    **output: Any,
) -> None:
    """Compare the saved answers of two runs; nothing is asked."""
    if not tasks:
        tasks = [task for task in saved_task_list(before) if task.name in saved_tasks(after) and task.profiles]
    if not tasks:
        raise BenchEvalError(f"{before} and {after} hold answers to no common task.")
    show_comparison(_compared(before, after, tasks, profile, count_missing), **output)


def _sources(base: str, tuned: str, backend: dict[str, Any], has_adapter: bool) -> tuple[ModelSource, ModelSource]:
    """Where the answers of both sides come from: the same source where the weights are."""
    if has_adapter or backend["backend"] == "server":
        both = ModelSource(model=base, adapter=tuned, **backend)
        return both, both
    return ModelSource(model=base, **backend), ModelSource(model=tuned, **backend)


def _require_scores(tasks: list[Task], profile: str | dict[str, str] | None, asking: AskingOptions) -> None:
    """Refuse tasks that could be asked but not compared, before hours are spent on them."""
    for task in tasks:
        task.profile(profile_of(profile, task))
        if task.judge and asking.judge.judge is None:
            raise BenchEvalError(f"{task.title} needs a judge: name one with --judge MODEL, or leave {task.name} out.")


def _compared(
    before: Path, after: Path, tasks: list[Task], profile: str | dict[str, str] | None, count_missing: bool
) -> RunComparison:
    known = {task.name: task for task in tasks}
    missing = "count" if count_missing else "error"
    try:
        return compare_runs(before, after, known, names=list(known), profile=profile, missing=missing)
    except PairingError as error:
        raise PairingError(str(error).replace("Pass missing='count'", "Give --count-missing")) from error
