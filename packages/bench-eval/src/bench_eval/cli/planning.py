"""`bench-eval power`: how small a difference a comparison can find, before it is run."""

from __future__ import annotations

from pathlib import Path

import click

from bench_eval.cli.choosing import TASKS
from bench_eval.cli.scoring import RUN
from bench_eval.errors import BenchEvalError, StatisticsError
from bench_eval.pairs import score_rows
from bench_eval.power import design_effect_of, detectable_difference
from bench_eval.runs import grade_answers, load_answers
from bench_eval.tables import text_table
from bench_eval.tasks import Task


@click.command("power", short_help="Print the smallest detectable difference.")
@click.argument("tasks", metavar="TASK,...", type=TASKS)
@click.option("--n", type=click.IntRange(min=2), help="Rows to compare; by default all of the task.")
@click.option("--changed", type=click.FloatRange(0, 1, min_open=True), default=0.2, show_default=True,
              help="Share of rows that you expect one model alone to answer rightly.")  # fmt: skip
@click.option("--run", "run_dir", type=RUN, help="Take how much rows that share an image count from this run.")
@click.option("--power", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.8, show_default=True,
              help="Chance of finding a difference of that size.")  # fmt: skip
def power_command(tasks: list[Task], n: int | None, changed: float, run_dir: Path | None, power: float) -> None:
    """Print the smallest true difference, in points, that a comparison on each TASK would find (two-sided, 5 %)."""
    rows = [("task", "rows", "design effect", "detectable difference")]
    for task in tasks:
        count, effect = n or task.card.n, 1.0
        if run_dir is not None:
            count, effect = _seen(run_dir, task, n)
        if count is None:
            raise BenchEvalError(f"how many rows {task.name} has is not known; say it with --n.")
        found = detectable_difference(count, changed=changed, design_effect=effect, power=power)
        rows.append((task.title, str(count), f"{effect:.2f}", f"{100 * found:.1f}"))
    click.echo(text_table(rows))


def _seen(run_dir: Path, task: Task, n: int | None) -> tuple[int, float]:
    """Rows of a run and how many times their shared images widen the error."""
    scored = score_rows(grade_answers(load_answers(run_dir, task.name).rows, task, task.profile()))
    known = {row_id: score for row_id, score in scored.scores.items() if score is not None}
    try:
        effect = max(1.0, design_effect_of(list(known.values()), [scored.clusters[row_id] for row_id in known]))
    except StatisticsError:
        effect = 1.0  # one model answers all alike: nothing to learn from
    return n or len(known), effect
