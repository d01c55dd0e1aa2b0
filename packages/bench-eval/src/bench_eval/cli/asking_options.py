"""How tasks are asked: flags that `run` and `compare` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click
from shard_runner import Placement

from bench_eval.asking import Decoding
from bench_eval.cli.choosing import data_dir_of
from bench_eval.cli.judging import JudgeOptions
from bench_eval.errors import BenchEvalError, FileError
from bench_eval.runs import AskedModel, find_record, run_task
from bench_eval.tasks import DataFolder, Task

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class AskingOptions:
    """What the flags say."""

    data: Path | None
    limit: int | None
    n: int
    temperature: float | None
    max_new_tokens: int | None
    seed: int
    workers: int | None
    gpus_per_worker: float
    zoom: str | None
    """Frame of the two-turn dialogue; None: asked at once."""
    judge: JudgeOptions

    @classmethod
    def from_flags(cls, flags: dict[str, Any]) -> AskingOptions:
        """Take the flags of `asking_flags` and `judge_flags`."""
        judge, rest = JudgeOptions.taken_from(flags)
        return cls(**rest, judge=judge)

    def decoding_of(self, task: Task) -> Decoding:
        """The task's own decoding, with what the flags change."""
        longest = self.max_new_tokens or task.decoding.max_new_tokens
        temperature = task.decoding.temperature if self.temperature is None else self.temperature
        return replace(task.decoding, n=self.n, temperature=temperature, max_new_tokens=longest, seed=self.seed)

    def check(self, tasks: list[Task], sides: dict[Path, AskedModel]) -> None:
        """Find what would go wrong later, before a model is loaded and hours are spent.

        Raises:
            BenchEvalError: data aren't there, all answers of a row would be equal, or a run holds another model's.
        """
        for task in tasks:
            if self.n > 1 and self.decoding_of(task).temperature == 0:
                raise BenchEvalError(f"--n {self.n} answers to a row are equal at temperature 0; give --temperature.")
            for run_dir, model in sides.items():
                _require_same_model(run_dir, task, model)
            _require_data(task, DataFolder(self._data_dir(task, tasks), next(iter(sides)) / "pictures"))
        self.judge.asked()

    def ask(self, tasks: list[Task], run_dir: Path, model: AskedModel) -> None:
        """Ask every task, one after the other, with one model in memory."""
        judge = self.judge.asked()
        for number, task in enumerate(tasks, start=1):
            click.echo(f"[{number}/{len(tasks)}] {task.title}: asking {model.name}", err=True)
            run_task(
                task,
                self._data_dir(task, tasks),
                run_dir,
                model,
                decoding=self.decoding_of(task),
                limit=self.limit,
                zoom=self._zoom_settings(),
                judge=judge,
                progress=True,
                placement=Placement(workers=self.workers or 1, gpus_per_worker=self.gpus_per_worker),
            )

    def _data_dir(self, task: Task, tasks: list[Task]) -> Path:
        return data_dir_of(self.data, task, sum(one.needs_data for one in tasks))

    def _zoom_settings(self) -> Any:
        if self.zoom is None:
            return None
        from roi_attention.zoom import ZoomSettings

        return ZoomSettings(frame="padded" if self.zoom == "padded" else "whole")


def _require_same_model(run_dir: Path, task: Task, model: AskedModel) -> None:
    old = find_record(run_dir, task.name)
    if old is not None and old.model != model.name and old.identity != model.identity:
        raise BenchEvalError(
            f"{run_dir} holds answers of {old.model} to {task.name}, which {model.name} would replace. "
            "Give another --out, or delete that folder."
        )


def _require_data(task: Task, data: DataFolder) -> None:
    try:
        first = next(iter(task.read(data)), None)
    except FileError as error:
        hint = f" `bench-eval data {task.name}` says what belongs there." if task.needs_data else ""
        raise BenchEvalError(f"{error}{hint}") from error
    if first is None:
        raise BenchEvalError(f"{task.title} has no rows in {data.root}.")


def asking_flags(command: CommandT) -> CommandT:
    """Add the flags that say how tasks are asked."""
    flags = [
        click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False),
                     help="Folder with a folder for each task; `bench-eval data TASK` says what belongs into it. "
                     "Tasks file:QUESTIONS.json need none."),
        click.option("--limit", type=click.IntRange(min=1), help="Ask the first so many rows of each task alone."),
        click.option("--n", type=click.IntRange(min=1), default=1, show_default=True, help="Answers per row."),
        click.option("--temperature", type=click.FloatRange(min=0),
                     help="0 is greedy, as published scores are; default: the task's own."),
        click.option("--max-new-tokens", type=click.IntRange(min=1), help="Longest answer; default: the task's own."),
        click.option("--seed", type=int, default=0, show_default=True, help="Of sampled answers."),
        click.option("--workers", type=click.IntRange(min=1), help="Processes, each with a model of its own."),
        click.option("--gpus-per-worker", type=click.FloatRange(min=0), default=0.0, show_default=True,
                     help="GPUs of each process; 0: all processes see the same."),
        click.option("--zoom", type=click.Choice(["padded", "whole"]),
                     help="Ask in two turns, where to look and then with the crop, as models do that learned to."),
    ]  # fmt: skip
    for flag in reversed(flags):
        command = flag(command)
    return command
