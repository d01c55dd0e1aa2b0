"""`bench-eval score`: saved answers graded again, nothing asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import click
from shard_runner import LedgerError

from bench_eval.cli.choosing import RUN, profile_flag, saved_task_list, tasks_flag
from bench_eval.errors import BenchEvalError
from bench_eval.runs import TaskResult, load_answers, profile_of, results_to_json, results_to_rows, score_task
from bench_eval.tables import printable, text_table
from bench_eval.tasks import Task


@click.command("score", short_help="Grade a run again and print its figures.")
@click.argument("run_dir", metavar="RUN", type=RUN)
@tasks_flag(required=False, text="Tasks, separated by commas; by default all that RUN holds.")
@profile_flag
@click.option("--parts", is_flag=True, help="Show every figure, not the headlines alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def score_command(
    run_dir: Path, tasks: list[Task] | None, profile: str | dict[str, str] | None, parts: bool, as_json: bool
) -> None:
    """Grade the saved answers of RUN and print its figures with their standard errors and intervals."""
    show_scores(run_dir, tasks or saved_task_list(run_dir), profile, parts=parts, as_json=as_json)


def show_scores(
    run_dir: Path, tasks: list[Task], profile: str | Mapping[str, str] | None, *, parts: bool, as_json: bool
) -> None:
    """Score tasks of a run and print the figures; a task that can't be scored keeps none of the others from it.

    Raises:
        BenchEvalError: a task can't be scored; the others were printed.
        shard_runner.LedgerError: a file of its answers is damaged; the others were printed.
    """
    if not tasks:
        raise BenchEvalError(f"{run_dir} holds no answers; `bench-eval run --out {run_dir} ...` asks for some.")
    results: list[TaskResult] = []
    problems: list[Exception] = []
    for task in tasks:
        if not task.profiles:
            click.echo(f"{task.title}: answers are saved; its golds aren't public (`bench-eval upload`).", err=True)
            continue
        try:
            results.append(score_task(task, load_answers(run_dir, task.name), task.profile(profile_of(profile, task))))
        except (BenchEvalError, LedgerError) as error:
            problems.append(error)
    show_results(results, parts=parts, as_json=as_json)
    for problem in problems[1:]:
        click.echo(f"not scored: {printable(str(problem))}", err=True)
    if problems:
        raise problems[0]


def show_results(results: list[TaskResult], *, parts: bool, as_json: bool) -> None:
    """Print results as a table with what belongs to them, or as JSON."""
    if as_json:
        click.echo(results_to_json(results))
        return
    if results:
        click.echo(text_table(results_to_rows(results, parts=parts), left=2))
    for result in results:
        click.echo(printable(_conditions(result)))


def _conditions(result: TaskResult) -> str:
    said = [f"profile {result.profile} {result.profile_version}", f"prompts {result.prompt_hash}"]
    said += [f"{result.tokens} new tokens"] if not result.harness else [f"asked by {result.harness}"]
    said += [f"judge {result.judge} ({result.judge_rule})"] if result.judge else []
    said += [f"the first {result.limit} rows alone"] if result.limit else []
    seen = result.counts.rows + result.counts.failed
    if result.expected_rows not in (None, seen):
        said.append(f"the benchmark has {result.expected_rows} rows, but {seen} were there")
    if math.isnan(result.figures[0].value):
        said.append("no headline, since a part of the benchmark is absent: --parts shows the others")
    return f"{result.title}: {', '.join(said)}"
