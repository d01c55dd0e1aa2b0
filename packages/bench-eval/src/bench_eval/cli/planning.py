"""`bench-eval power`: how small a difference a comparison can find, before it is run."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from bench_eval.cli.choosing import RUN, TASKS
from bench_eval.errors import BenchEvalError, StatisticsError
from bench_eval.power import design_effect_of, detectable_difference
from bench_eval.runs import grade_answers, load_answers
from bench_eval.tables import text_table
from bench_eval.tasks import Task


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What a comparison on one task could find."""

    task: str
    units: int
    """That the headline is about: rows, pairs, pictures."""
    design_effect: float
    difference: float | None
    """None where no difference could be found."""


@click.command("power", short_help="Print the smallest detectable difference.")
@click.argument("tasks", metavar="TASK,...", type=TASKS)
@click.option("--n", type=click.IntRange(min=2), help="Rows (or pairs, where the headline is about pairs) to compare; "
              "by default all of the task.")  # fmt: skip
@click.option("--changed", type=click.FloatRange(0, 1, min_open=True), default=0.2, show_default=True,
              help="Share of them that you expect one model alone to answer rightly.")  # fmt: skip
@click.option("--run", "run_dir", type=RUN, help="Take how much rows that share an image count from this run.")
@click.option("--power", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.8, show_default=True,
              help="Chance of finding a difference of that size.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def power_command(
    tasks: list[Task], n: int | None, changed: float, run_dir: Path | None, power: float, as_json: bool
) -> None:
    """Print the smallest true difference, in points, that a comparison on each TASK would find (two-sided, 5 %).

    It is about the headline as a share of its units: rows, or pairs and pictures where both questions must be right.
    """
    plans = [_plan(task, n, changed, run_dir, power) for task in tasks]
    if as_json:
        click.echo(json.dumps([asdict(plan) for plan in plans], indent=1))
        return
    rows = [("task", "units", "design effect", "detectable difference")]
    for plan in plans:
        found = "none: too few" if plan.difference is None else f"{100 * plan.difference:.1f}"
        rows.append((plan.task, str(plan.units), f"{plan.design_effect:.2f}", found))
    click.echo(text_table(rows))
    if run_dir is None:
        click.echo("Rows that share an image were taken for independent; --run RUN measures what they count.", err=True)


def _plan(task: Task, n: int | None, changed: float, run_dir: Path | None, power: float) -> _Plan:
    count, effect = n or task.card.n_units or task.card.n, 1.0
    if run_dir is not None:
        count, effect = _seen(run_dir, task, n)
    if count is None:
        raise BenchEvalError(f"how many rows {task.name} has is not known; say it with --n.")
    found = detectable_difference(count, changed=changed, design_effect=effect, power=power)
    return _Plan(task=task.name, units=count, design_effect=effect, difference=None if math.isinf(found) else found)


def _seen(run_dir: Path, task: Task, n: int | None) -> tuple[int, float]:
    """Units of a run's headline and how many times their shared clusters widen the error."""
    rules = task.profile()
    measured = rules.measure(grade_answers(load_answers(run_dir, task.name).rows, task, rules))
    try:
        effect = max(1.0, design_effect_of(measured.columns[:, 0].tolist(), measured.clusters))
    except StatisticsError:
        effect = 1.0  # the model answers all alike: nothing to learn from
    return n or len(measured.ids), effect
