"""`bench-eval disagreements`: what profiles grade differently, item by item."""

from __future__ import annotations

import math
from pathlib import Path

import click

from bench_eval.cli.choosing import RUN, TASKS, saved_task_list
from bench_eval.runs import DisagreementReport, disagreements_to_json, find_disagreements, load_answers
from bench_eval.tables import printable, text_table
from bench_eval.tasks import Task


@click.command("disagreements", short_help="Show what profiles grade differently.")
@click.argument("run_dir", metavar="RUN", type=RUN)
@click.argument("tasks", metavar="TASK", type=TASKS)
@click.option("--profiles", help="Two or more profiles, separated by commas; by default all of the task.")
@click.option("--show", type=click.IntRange(min=0), default=20, show_default=True, help="Items to print.")
@click.option("--json", "as_json", is_flag=True, help="Print every item as JSON.")
def disagreements_command(run_dir: Path, tasks: list[Task], profiles: str | None, show: int, as_json: bool) -> None:
    """Show the saved answers of RUN to TASK that not all profiles grade alike, item by item."""
    names = list(dict.fromkeys(name.strip() for name in profiles.split(","))) if profiles else None
    if names is not None and len(names) < 2:
        raise click.UsageError(f"--profiles must name two or more; got {profiles!r}.")
    told = [task for task in tasks if len(task.profiles) > 1]
    for task in tasks:
        if task not in told:
            click.echo(_nothing_to_compare(task, run_dir), err=True)
    reports = [find_disagreements(load_answers(run_dir, task.name).rows, task, names) for task in told]
    if as_json:
        click.echo(disagreements_to_json(reports))
        return
    if reports:
        click.echo("\n\n".join(_to_text(report, show) for report in reports))


def _nothing_to_compare(task: Task, run_dir: Path) -> str:
    known = ", ".join(one.name for one in saved_task_list(run_dir) if len(one.profiles) > 1) or "none"
    has = f"one profile, {task.profiles[0].name}" if task.profiles else "no profile"
    return f"{task.name} has {has}: there is nothing to compare. Tasks of {run_dir} with several: {known}."


def _to_text(report: DisagreementReport, show: int) -> str:
    lines = [f"{report.task}: {len(report.items)} of {report.n_answers} answers are graded differently"]
    lines += [f"  {name}: {rule}" for name, rule in report.rules.items()]
    means = [(name, "–" if math.isnan(mean) else f"{100 * mean:.2f}") for name, mean in report.means.items()]
    lines += ["", text_table([("profile", "mean"), *means])]
    if report.n < report.n_answers:
        lines.append(f"means over the {report.n} answers that all of them score")
    pairs = [(one, other, str(more), str(less)) for one, other, more, less in report.pairs()]
    lines += ["", text_table([("first", "second", "first higher", "second higher"), *pairs], left=2)]
    for item in report.items[:show]:
        verdicts = ", ".join(f"{name} {_score(item.scores[name])} ({item.answers[name]!r})" for name in report.profiles)
        asked = f"{item.id}, answer {item.trial + 1}" if item.trial else item.id
        lines += ["", printable(f"{asked}: {item.text[:200]!r}, gold {item.gold!r}"), printable(f"  {verdicts}")]
    left = len(report.items) - show
    lines += ["", f"... and {left} more (--show {len(report.items)}, or --json)"] if left > 0 else []
    return "\n".join(lines)


def _score(score: float | None) -> str:
    return "no score" if score is None else f"{score:g}"
