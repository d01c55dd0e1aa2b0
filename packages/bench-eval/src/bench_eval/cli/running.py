"""`bench-eval run`: ask tasks, save every answer, print the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench_eval.cli.asking_options import AskingOptions, asking_flags
from bench_eval.cli.choosing import profile_flag, tasks_flag
from bench_eval.cli.judging import judge_flags
from bench_eval.cli.models import ModelSource, backend_flags, backend_of
from bench_eval.cli.scoring import show_scores
from bench_eval.runs import profile_of
from bench_eval.tasks import Task


@click.command("run", short_help="Ask a model and print its figures.")
@click.option("--model", required=True, help="Folder or hub id of a model, or the name that a server serves.")
@click.option("--adapter", help="LoRA adapter to answer with, on the same weights.")
@tasks_flag()
@click.option("--out", "run_dir", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the answers; the same command goes on there after a kill.")  # fmt: skip
@asking_flags
@backend_flags
@judge_flags
@profile_flag
@click.option("--parts", is_flag=True, help="Show every figure, not the headlines alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON list.")
def run_command(
    model: str,
    adapter: str | None,
    tasks: list[Task],
    run_dir: Path,
    profile: str | dict[str, str] | None,
    parts: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Ask a model TASKS and print its figures; every answer is saved as it comes, and none is asked for twice."""
    backend, rest = backend_of(flags)
    asked = ModelSource(model=model, adapter=adapter, **backend).asked(tuned=adapter is not None)
    asking = AskingOptions.from_flags(rest)
    for task in tasks:
        if task.profiles:
            task.profile(profile_of(profile, task))
    asking.check(tasks, {run_dir: asked})
    asking.ask(tasks, run_dir, asked)
    show_scores(run_dir, tasks, profile, parts=parts, as_json=as_json)
