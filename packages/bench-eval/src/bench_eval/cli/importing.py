"""`bench-eval import`: answers of other harnesses become a run that is graded and compared like any other."""

from __future__ import annotations

from pathlib import Path

import click
from shard_runner import Source, run

from bench_eval.asking import Decoding
from bench_eval.cli.choosing import TASKS, data_dir_of
from bench_eval.cli.scoring import score_saved, show_results
from bench_eval.errors import BenchEvalError
from bench_eval.lmms_logs import attach_log, read_lmms_log
from bench_eval.runs import TaskRecord
from bench_eval.runs.saved_answers import RESPONSES, save_record
from bench_eval.tasks import DataFolder, Task


@click.command("import", short_help="Take over a sample log of lmms-eval.")
@click.argument("log", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("tasks", metavar="TASK", type=TASKS)
@click.option("--data", required=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Folder of the task's data, for its answers and kinds.")  # fmt: skip
@click.option(
    "--run", "run_dir", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to make."
)
@click.option("--model", help="Name of the model; by default the folder that the log lies in.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON list.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
def import_command(log: Path, tasks: list[Task], data: Path, run_dir: Path, model: str | None, as_json: bool) -> None:
    """Take the answers of a sample LOG of lmms-eval to TASK over into a run, and print its figures."""
    if len(tasks) != 1:
        raise BenchEvalError(f"a log belongs to one task; got {len(tasks)}.")
    task = tasks[0]
    read = read_lmms_log(log)
    rows = attach_log(read, list(task.read(DataFolder(data_dir_of(data, task, 1), run_dir / "pictures"))))
    name = model or log.resolve().parent.name
    record = TaskRecord(task=task.name, model=name, identity=f"lmms-eval log {log.name}", decoding=Decoding())
    save_record(record, run_dir)
    run([Source(name=RESPONSES, rows=lambda: rows)], run_dir / task.name, seed=0, progress=False)
    show_results(score_saved(run_dir, [task], None), parts=False, as_json=as_json)
