"""Running a task in a folder that survives kills."""

from functools import partial

from shard_runner.context import RunContext
from shard_runner.disk import read_record, remove_folder, write_record
from shard_runner.folder import TASK_RECORD, read_rows, stage_folder
from shard_runner.plain import digest_of
from shard_runner.provenance import same_input
from shard_runner.stages import Task, TaskContext
from shard_runner.times import Stopwatch


def run_task(context: RunContext, task: Task) -> None:
    """Run a task, unless it has finished on the very same inputs."""
    folder = stage_folder(context.run_dir, task.name)
    made_from = context.made_from(task.name)
    before = read_record(folder / TASK_RECORD) or {}
    if not same_input(before, made_from):
        remove_folder(folder)
    elif before["finished"]:
        return
    folder.mkdir(exist_ok=True)
    record = {**made_from, "content": digest_of(made_from), "finished": False}
    write_record(folder / TASK_RECORD, record)
    inputs = {name: stage_folder(context.run_dir, name) for name in context.plan.inputs[task.name]}
    with Stopwatch(context.run_dir, task.name, context.plan.recipes[task.name]):
        task.run(TaskContext(task.name, folder, inputs, context.seed, partial(read_rows, context.run_dir)))
    write_record(folder / TASK_RECORD, {**record, "finished": True})
