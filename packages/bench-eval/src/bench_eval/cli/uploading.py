"""`bench-eval upload`: files for the servers that hold the answers of test sets."""

from __future__ import annotations

from pathlib import Path

import click

from bench_eval.cli.choosing import ONE_TASK, RUN, data_dir_of
from bench_eval.errors import BenchEvalError
from bench_eval.evalai import write_vizwiz_upload, write_vqav2_upload
from bench_eval.runs import load_answers
from bench_eval.tasks import DataFolder, Task

_VQAV2, _VIZWIZ = "vqav2_test_dev", "vizwiz_test"


@click.command("upload", short_help="Write a file for EvalAI.")
@click.argument("run_dir", metavar="RUN", type=RUN)
@click.argument("tasks", metavar="TASK", type=ONE_TASK)
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Folder of the task's data: the file has the order of its questions.")  # fmt: skip
@click.option("--padded-with", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="VQAv2: question file of the whole test set; its other questions get an empty answer.")  # fmt: skip
def upload_command(run_dir: Path, tasks: list[Task], target: Path, data: Path, padded_with: Path | None) -> None:
    """Write the saved answers of RUN to TASK (vqav2_test_dev, vizwiz_test) as EvalAI takes them, all or nothing."""
    task = tasks[0]
    if task.name not in (_VQAV2, _VIZWIZ):
        raise BenchEvalError(f"upload files are known for {_VQAV2} and {_VIZWIZ}; got {task.name}.")
    answered = load_answers(run_dir, task.name).rows
    questions = task.read(DataFolder(data_dir_of(data, task, 1), run_dir / "pictures"))
    if task.name == _VQAV2:
        count = write_vqav2_upload(answered, questions, target, padded_with=padded_with)
    else:
        count = write_vizwiz_upload(answered, questions, target)
    click.echo(f"{count} answers -> {target}")
