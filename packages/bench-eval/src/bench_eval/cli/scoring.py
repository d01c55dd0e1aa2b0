"""`bench-eval score` and `bench-eval disagreements`: saved answers graded again, nothing asked."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench_eval.cli.choosing import TASKS, saved_task_list, tasks_flag
from bench_eval.errors import BenchEvalError
from bench_eval.runs import (
    DisagreementReport,
    TaskResult,
    find_disagreements,
    load_answers,
    results_to_json,
    results_to_rows,
    score_task,
)
from bench_eval.tables import text_table
from bench_eval.tasks import Task

RUN = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("score", short_help="Grade a run again and print its figures.")
@click.argument("run_dir", metavar="RUN", type=RUN)
@tasks_flag(required=False, text="Tasks, separated by commas; by default all that RUN holds.")
@click.option("--profile", help="Rules to grade by, as `official` or `lmms-eval`; by default each task's own.")
@click.option("--parts", is_flag=True, help="Show every figure, not the headlines alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def score_command(run_dir: Path, tasks: list[Task] | None, profile: str | None, parts: bool, as_json: bool) -> None:
    """Grade the saved answers of RUN and print its figures with their standard errors and intervals."""
    show_results(score_saved(run_dir, tasks, profile), parts=parts, as_json=as_json)


def score_saved(run_dir: Path, tasks: list[Task] | None, profile: str | None) -> list[TaskResult]:
    """Score the tasks of a run, all by default."""
    chosen = tasks or saved_task_list(run_dir)
    if not chosen:
        raise BenchEvalError(f"{run_dir} holds no answers; `bench-eval run --run {run_dir} ...` asks for some.")
    for task in chosen:
        if not task.profiles:
            click.echo(f"{task.title}: answers are saved; its golds aren't public (`bench-eval upload`).", err=True)
    chosen = [task for task in chosen if task.profiles]
    return [score_task(task, load_answers(run_dir, task.name), task.profile(profile)) for task in chosen]


def show_results(results: list[TaskResult], *, parts: bool, as_json: bool) -> None:
    """Print results as a table with what belongs to them, or as JSON."""
    if as_json:
        click.echo(results_to_json(results))
        return
    if results:
        click.echo(text_table(results_to_rows(results, parts=parts), left=2))
    for result in results:
        judge = f", judge {result.judge}" if result.judge else ""
        limit = f", the first {result.limit} rows alone" if result.limit else ""
        click.echo(
            f"{result.title}: profile {result.profile} {result.profile_version}, "
            f"prompts {result.prompt_hash}, {result.tokens} new tokens{judge}{limit}"
        )


@click.command("disagreements", short_help="Show what profiles grade differently.")
@click.argument("run_dir", metavar="RUN", type=RUN)
@click.argument("tasks", metavar="TASK", type=TASKS)
@click.option("--profiles", help="Two or more profiles, separated by commas; by default all of the task.")
@click.option("--show", type=click.IntRange(min=0), default=20, show_default=True, help="Items to print.")
@click.option("--json", "as_json", is_flag=True, help="Print every item as JSON.")
def disagreements_command(run_dir: Path, tasks: list[Task], profiles: str | None, show: int, as_json: bool) -> None:
    """Show the saved answers of RUN to TASK that not all profiles grade alike, item by item."""
    names = [name.strip() for name in profiles.split(",")] if profiles else None
    reports = [find_disagreements(load_answers(run_dir, task.name).rows, task, names) for task in tasks]
    if as_json:
        click.echo(json.dumps([_plain(report) for report in reports], indent=1, ensure_ascii=False))
        return
    click.echo("\n\n".join(_to_text(report, show) for report in reports))


def _plain(report: DisagreementReport) -> dict[str, Any]:
    return {**asdict(report), "pairs": report.pairs()}


def _to_text(report: DisagreementReport, show: int) -> str:
    means = text_table([("profile", "mean"), *((name, f"{100 * mean:.2f}") for name, mean in report.means.items())])
    pairs = [("first", "second", "first higher", "second higher")]
    pairs += [(one, other, str(more), str(less)) for one, other, more, less in report.pairs()]
    lines = [f"{report.task}: {len(report.items)} of {report.n} answers are graded differently", "", means]
    lines += ["", text_table(pairs)] if len(pairs) > 1 else []
    for item in report.items[:show]:
        verdicts = ", ".join(f"{name} {_score(item.scores[name])} ({item.answers[name]!r})" for name in report.profiles)
        lines += ["", f"{item.id}: {item.text[:200]!r}, gold {item.gold!r}", f"  {verdicts}"]
    left = len(report.items) - show
    lines += ["", f"... and {left} more (--show {len(report.items)}, or --json)"] if left > 0 else []
    return "\n".join(lines)


def _score(score: float | None) -> str:
    return "no score" if score is None else f"{score:g}"
