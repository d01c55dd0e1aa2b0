"""`bench-eval import`: answers of other harnesses become a run that is graded and compared like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench_eval.cli.choosing import ONE_TASK, data_dir_of
from bench_eval.cli.judging import JudgeOptions, judge_flags
from bench_eval.cli.scoring import show_scores
from bench_eval.lmms_logs import attach_log, read_lmms_log
from bench_eval.runs import keep_answers
from bench_eval.tasks import DataFolder, Task


@click.command("import", short_help="Take over a sample log of lmms-eval.")
@click.argument("log", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("tasks", metavar="TASK", type=ONE_TASK)
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Folder of the task's data, for its answers and kinds.")  # fmt: skip
@click.option(
    "--out", "run_dir", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to make."
)
@click.option("--model", help="Name of the model; by default the folder that the log lies in.")
@judge_flags
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON list.")
def import_command(
    log: Path, tasks: list[Task], data: Path | None, run_dir: Path, model: str | None, as_json: bool, **flags: Any
) -> None:
    """Take the answers of a sample LOG of lmms-eval to TASK over into a run, and print its figures."""
    task, judge = tasks[0], JudgeOptions(**flags).asked()
    read = read_lmms_log(log)
    rows = attach_log(read, list(task.read(DataFolder(data_dir_of(data, task, 1), run_dir / "pictures"))))
    keep_answers(task, rows, run_dir, model=model or log.resolve().parent.name, harness="lmms-eval", judge=judge)
    show_scores(run_dir, [task], None, parts=False, as_json=as_json)
