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
from bench_eval.runs import AskedModel, run_task
from bench_eval.tasks import Task

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class AskingOptions:
    """What the flags say."""

    data: Path
    limit: int | None
    n: int
    temperature: float
    max_new_tokens: int | None
    seed: int
    workers: int | None
    zoom: str | None
    """Frame of the two-turn dialogue; None: asked at once."""
    judge: JudgeOptions

    def decoding_of(self, task: Task) -> Decoding:
        """The task's own decoding, with what the flags change."""
        longest = self.max_new_tokens or task.decoding.max_new_tokens
        return replace(task.decoding, n=self.n, temperature=self.temperature, max_new_tokens=longest, seed=self.seed)

    def ask(self, tasks: list[Task], run_dir: Path, model: AskedModel) -> None:
        """Ask every task, one after the other, with one model in memory."""
        for number, task in enumerate(tasks, start=1):
            click.echo(f"[{number}/{len(tasks)}] {task.title}: asking {model.name}", err=True)
            run_task(
                task,
                data_dir_of(self.data, task, len(tasks)),
                run_dir,
                model,
                decoding=self.decoding_of(task),
                limit=self.limit,
                zoom=self._zoom_settings(),
                judge=self.judge.asked(),
                seed=self.seed,
                progress=True,
                placement=Placement(workers=self.workers) if self.workers else None,
            )

    def _zoom_settings(self) -> Any:
        if self.zoom is None:
            return None
        from roi_attention.zoom import ZoomSettings

        return ZoomSettings(frame="padded" if self.zoom == "padded" else "whole")


def asking_flags(command: CommandT) -> CommandT:
    """Add the flags that say how tasks are asked."""
    flags = [
        click.option("--data", required=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
                     help="Folder with a folder for each task; `bench-eval data TASK` says what belongs into it."),
        click.option("--limit", type=click.IntRange(min=1), help="Ask the first so many rows of each task alone."),
        click.option("--n", type=click.IntRange(min=1), default=1, show_default=True, help="Answers per row."),
        click.option("--temperature", type=click.FloatRange(min=0), default=0.0, show_default=True,
                     help="0 is greedy, as published scores are."),
        click.option("--max-new-tokens", type=click.IntRange(min=1), help="Longest answer; default: the task's own."),
        click.option("--seed", type=int, default=0, show_default=True, help="Of sampled answers."),
        click.option("--workers", type=click.IntRange(min=1), help="Processes, each with a model of its own."),
        click.option("--zoom", type=click.Choice(["padded", "whole"]),
                     help="Ask in two turns, where to look and then with the crop, as models do that learned to."),
    ]  # fmt: skip
    for flag in reversed(flags):
        command = flag(command)
    return command
