"""`bench-eval list` and `bench-eval data`: which tasks there are, and what to put where."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from bench_eval.cli.choosing import TASKS
from bench_eval.tables import text_table
from bench_eval.tasks import Task
from bench_eval.tasks.registry import all_tasks


@click.command("list", short_help="Show which tasks there are.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def list_command(as_json: bool) -> None:
    """Show every task: its rows, its profiles (the first is the default), whether a judge is needed, its licence."""
    tasks = all_tasks()
    if as_json:
        click.echo(json.dumps([_summary(task) for task in tasks], indent=1))
        return
    head = ("task", "rows", "what", "profiles", "judge", "licence")
    rows = [
        (
            task.name,
            str(task.card.n or "?"),
            task.title,
            ", ".join(profile.name for profile in task.profiles),
            "yes" if task.judge else "",
            task.card.licence,
        )
        for task in tasks
    ]
    click.echo(text_table([head, *rows], left=len(head)))


@click.command("data", short_help="Say what a task reads, and from where.")
@click.argument("tasks", metavar="TASK", type=TASKS)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def data_command(tasks: list[Task], as_json: bool) -> None:
    """Say exactly what a TASK reads, where to get it, under which licence, and where to put it."""
    if as_json:
        click.echo(json.dumps([_summary(task) for task in tasks], indent=1))
        return
    click.echo("\n\n".join(_card(task) for task in tasks))


def _summary(task: Task) -> dict[str, Any]:
    profiles = [{"name": one.name, "version": one.version, "rule": one.rule} for one in task.profiles]
    return {
        "name": task.name,
        "title": task.title,
        "folder": task.data_folder_name,
        "decoding": asdict(task.decoding),
        "profiles": profiles,
        "judge": task.judge.published_judge if task.judge else None,
        "card": asdict(task.card),
    }


def _card(task: Task) -> str:
    card = task.card
    place = f"DATA/{task.data_folder_name}/" if task.needs_data else ""
    rows = [("into the folder", "what", "from")]
    rows += [
        (f"{place}{file.path}" + (" (if you have it)" if file.optional else ""),
         file.what, file.address or card.address)
        for file in card.files
    ]  # fmt: skip
    lines = [f"{task.title} ({task.name}): {card.split}, {card.n or 'unknown'} rows", f"  {card.paper}"]
    lines += [f"  licence: {card.licence}", f"  owners:  {card.address}"]
    for hub in filter(None, card.hub.split(", ")):
        folder = task.data_folder_name if "," not in card.hub else f"{task.data_folder_name}/{hub.partition('/')[2]}"
        lines.append(f"  or:      hf download {hub} --repo-type dataset --local-dir DATA/{folder}")
    lines.append("")
    lines += [f"  {line}" for line in text_table(rows, left=3).split("\n")]
    lines += ["", "  answers are graded by:"]
    lines += [f"    {profile.name} {profile.version}: {profile.rule}" for profile in task.profiles]
    lines += [f"  note: {note}" for note in card.notes]
    return "\n".join(lines)
