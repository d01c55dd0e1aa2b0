"""`bench-eval compare`: two models on the same tasks, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench_eval.cli.asking_options import AskingOptions, asking_flags
from bench_eval.cli.choosing import saved_task_list, tasks_flag
from bench_eval.cli.judging import JudgeOptions, judge_flags
from bench_eval.cli.models import ModelSource, backend_flags, is_adapter
from bench_eval.cli.scoring import RUN
from bench_eval.errors import BenchEvalError
from bench_eval.runs import (
    RunComparison,
    compare_runs,
    comparison_to_json,
    comparison_to_latex,
    comparison_to_markdown,
    comparison_to_text,
    saved_tasks,
    write_text_whole,
)
from bench_eval.tasks import Task

_FILE = click.Path(path_type=Path, dir_okay=False)


def result_flags(command: Any) -> Any:
    """Add the flags that say how a comparison is graded and where it is written."""
    flags = [
        click.option("--profile", help="Rules to grade by, for every task; by default each task's own."),
        click.option("--parts", is_flag=True, help="Show every figure, not the headlines alone."),
        click.option("--html", type=_FILE, help="Write a page for the browser."),
        click.option("--markdown", type=_FILE, help="Write a Markdown table."),
        click.option("--latex", type=_FILE, help="Write a LaTeX tabular (booktabs)."),
        click.option("--json", "json_file", type=_FILE, help="Write everything as JSON; - prints it."),
        click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."),
    ]
    for flag in reversed(flags):
        command = flag(command)
    return command


@click.command("compare", short_help="Ask a model before and after training.")
@click.argument("base")
@click.argument("tuned", metavar="ADAPTER")
@tasks_flag()
@click.option("--run", "run_dir", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the answers of both; the same command goes on there after a kill.")  # fmt: skip
@asking_flags
@backend_flags
@judge_flags
@result_flags
def compare_command(base: str, tuned: str, tasks: list[Task], run_dir: Path, **flags: Any) -> None:
    """Ask BASE and the same model after training, and say what changed.

    ADAPTER is a LoRA adapter for BASE (its weights are then loaded once for both) or a whole trained model: a folder or
    a hub id; of a server, the name under which it is served.
    """
    output = {name: flags.pop(name) for name in ("profile", "parts", "html", "markdown", "latex", "json_file")}
    judge, rest = JudgeOptions.taken_from(flags)
    backend = {name: rest.pop(name) for name in ("backend", "base_url", "device", "dtype", "batch_size")}
    asking = AskingOptions(**rest, judge=judge)
    if is_adapter(tuned) or backend["backend"] == "server":
        source = ModelSource(model=base, adapter=tuned, **backend)
        sides = (source.asked(), source.asked(tuned=True))
    else:
        sides = tuple(ModelSource(model=name, **backend).asked() for name in (base, tuned))
    folders = (run_dir / "before", run_dir / "after")
    for folder, side in zip(folders, sides, strict=True):
        asking.ask(tasks, folder, side)
    known = {task.name: task for task in tasks}
    comparison = compare_runs(*folders, known, names=list(known), profile=output["profile"])
    show_comparison(comparison, **{name: value for name, value in output.items() if name != "profile"})


@click.command("compare-runs", short_help="Compare two runs; nothing is asked.")
@click.argument("before", metavar="RUN_BEFORE", type=RUN)
@click.argument("after", metavar="RUN_AFTER", type=RUN)
@tasks_flag(required=False, text="Tasks, separated by commas; by default those that both runs hold.")
@click.option("--count-missing", is_flag=True, help="Leave out and count rows that one run alone holds.")
@result_flags
def compare_runs_command(
    before: Path, after: Path, tasks: list[Task] | None, count_missing: bool, **output: Any
) -> None:
    """Compare the saved answers of two runs; nothing is asked."""
    shared = [task for task in saved_task_list(before) if task.name in saved_tasks(after)]
    if not tasks and not shared:
        raise BenchEvalError(f"{before} and {after} hold answers to no common task.")
    known = {task.name: task for task in tasks or shared}
    comparison = compare_runs(
        before,
        after,
        known,
        names=list(known),
        profile=output.pop("profile"),
        missing="count" if count_missing else "error",
    )
    show_comparison(comparison, **output)


def show_comparison(
    comparison: RunComparison,
    *,
    parts: bool,
    html: Path | None,
    markdown: Path | None,
    latex: Path | None,
    json_file: Path | None,
) -> None:
    """Print a comparison, and write it in every form that is asked for."""
    if json_file is not None and str(json_file) == "-":
        click.echo(comparison_to_json(comparison))
    else:
        click.echo(comparison_to_text(comparison, parts=parts))
    texts = {markdown: comparison_to_markdown(comparison, parts=True), latex: comparison_to_latex(comparison)}
    if json_file is not None and str(json_file) != "-":
        texts[json_file] = comparison_to_json(comparison)
    for path, text in texts.items():
        if path is not None:
            click.echo(f"written: {write_text_whole(path, text)}", err=True)
    if html is not None:
        from bench_eval.runs.comparison_page import write_comparison_page

        click.echo(f"written: {write_comparison_page(comparison, html)}", err=True)
