"""`bench-eval run`: ask tasks, save every answer, print the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench_eval.cli.asking_options import AskingOptions, asking_flags
from bench_eval.cli.choosing import tasks_flag
from bench_eval.cli.judging import JudgeOptions, judge_flags
from bench_eval.cli.models import ModelSource, backend_flags
from bench_eval.cli.scoring import score_saved, show_results
from bench_eval.tasks import Task


@click.command("run", short_help="Ask a model and print its figures.")
@click.option("--model", required=True, help="Folder or hub id of a model, or the name that a server serves.")
@click.option("--adapter", help="LoRA adapter to answer with, on the same weights.")
@tasks_flag()
@click.option("--run", "run_dir", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the answers; the same command goes on there after a kill.")  # fmt: skip
@asking_flags
@backend_flags
@judge_flags
@click.option("--profile", help="Rules to grade by; by default each task's own.")
@click.option("--parts", is_flag=True, help="Show every figure, not the headlines alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON list.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
def run_command(
    model: str,
    adapter: str | None,
    tasks: list[Task],
    run_dir: Path,
    profile: str | None,
    parts: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Ask a model TASKS and print its figures; every answer is saved as it comes, and none is asked for twice."""
    judge, rest = JudgeOptions.taken_from(flags)
    backend = {name: rest.pop(name) for name in ("backend", "base_url", "device", "dtype", "batch_size")}
    source = ModelSource(model=model, adapter=adapter, **backend)
    asking = AskingOptions(**rest, judge=judge)
    asking.ask(tasks, run_dir, source.asked(tuned=adapter is not None))
    show_results(score_saved(run_dir, tasks, profile), parts=parts, as_json=as_json)
