"""Which tasks a command means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bench_eval.runs import load_record, saved_tasks
from bench_eval.tasks import Task
from bench_eval.tasks.registry import find_task, task_names

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


class TaskList(click.ParamType[Any]):
    """Names of tasks, separated by commas; a name that is none is a usage error that names the nearest."""

    name = "TASK,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[Task]:
        """Return the tasks, in the order given, each once."""
        if isinstance(value, list):
            return value
        names = list(dict.fromkeys(name.strip() for name in str(value).split(",") if name.strip()))
        try:
            return [find_task(name) for name in names]
        except Exception as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Any:
        """Complete the last name of the list."""
        from click.shell_completion import CompletionItem

        done, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{done}{comma}{name}") for name in task_names() if name.startswith(last)]


TASKS = TaskList()


def tasks_flag(
    *, required: bool = True, text: str = "Tasks, separated by commas; `bench-eval list` names them."
) -> Any:
    """Add the flag `--tasks`."""
    return click.option("--tasks", type=TASKS, required=required, default=None, help=text)


def saved_task_list(run_dir: Path) -> list[Task]:
    """Every task that a run was asked."""
    records = [load_record(run_dir, name) for name in saved_tasks(run_dir)]
    return [find_task(record.reference or record.task) for record in records]


def data_dir_of(data: Path, task: Task, count: int) -> Path:
    """Folder of one task's data: `DATA/TASK`, or DATA itself where it is asked alone and has no such folder."""
    own = data / task.data_folder_name
    return data if count == 1 and not own.is_dir() else own
