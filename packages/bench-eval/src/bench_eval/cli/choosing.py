"""Which runs, tasks and rules a command means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench_eval.errors import BenchEvalError
from bench_eval.runs import load_record, saved_tasks
from bench_eval.tasks import Task
from bench_eval.tasks.registry import find_task, task_names

RUN = click.Path(path_type=Path, exists=True, file_okay=False)
"""Folder of a run that is there."""


class TaskList(click.ParamType[Any]):
    """Names of tasks, separated by commas; a name that is none is a usage error that names the nearest."""

    name = "TASK,..."

    def __init__(self, *, most: int | None = None) -> None:
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[Task]:
        """Return the tasks, in the order given, each once."""
        if isinstance(value, list):
            return value
        names = list(dict.fromkeys(name.strip() for name in str(value).split(",") if name.strip()))
        try:
            tasks = [find_task(name) for name in names]
        except BenchEvalError as error:
            self.fail(str(error), param, ctx)
        if not tasks or (self._most is not None and len(tasks) > self._most):
            self.fail(f"name {'a task' if self._most is None else 'one task'}; got {value!r}.", param, ctx)
        twice = [name for name in (task.name for task in tasks) if [task.name for task in tasks].count(name) > 1]
        if twice:
            self.fail(f"two tasks have the name {twice[0]}; rename one of the files.", param, ctx)
        return tasks

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Any:
        """Complete the last name of the list."""
        from click.shell_completion import CompletionItem

        done, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{done}{comma}{name}") for name in task_names() if name.startswith(last)]


TASKS = TaskList()
ONE_TASK = TaskList(most=1)


class ProfileChoice(click.ParamType[Any]):
    """One name for all tasks, or `TASK=PROFILE` for some, separated by commas."""

    name = "PROFILE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | dict[str, str] | None:
        """Return the name, or the names by task."""
        if value is None or isinstance(value, dict) or "=" not in str(value):
            return value
        pairs = [part.strip().partition("=") for part in str(value).split(",")]
        if not all(task and profile for task, _, profile in pairs):
            self.fail(f"expected PROFILE or TASK=PROFILE,...; got {value!r}.", param, ctx)
        return {task.strip(): profile.strip() for task, _, profile in pairs}


def tasks_flag(
    *, required: bool = True, text: str = "Tasks, separated by commas; `bench-eval list` names them."
) -> Any:
    """Add the flag `--tasks`."""
    return click.option("--tasks", type=TASKS, required=required, default=None, help=text)


def profile_flag(command: Any) -> Any:
    """Add the flag `--profile`."""
    text = "Rules to grade by: one name for all tasks, or TASK=PROFILE,...; by default each task's own."
    return click.option("--profile", type=ProfileChoice(), help=text)(command)


def saved_task_list(run_dir: Path) -> list[Task]:
    """Every task that a run was asked."""
    records = [load_record(run_dir, name) for name in saved_tasks(run_dir)]
    return [find_task(record.reference or record.task) for record in records]


def data_dir_of(data: Path | None, task: Task, count: int) -> Path:
    """Folder of one task's data: `DATA/TASK`, or DATA itself where it is asked alone and has no such folder.

    Raises:
        BenchEvalError: no folder was named, and the task needs one.
    """
    if data is None:
        if task.needs_data:
            raise BenchEvalError(f"{task.title} needs --data; `bench-eval data {task.name}` says what belongs there.")
        return Path()
    own = data / task.data_folder_name
    return data if count == 1 and not own.is_dir() else own
