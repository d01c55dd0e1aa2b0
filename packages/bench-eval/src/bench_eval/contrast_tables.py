"""One model against several others, also over several seeds, as rows of text for `text_table` and `markdown_table`."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from bench_eval.comparison import Comparison

Contrasts = Mapping[str, Sequence[Comparison]]
"""By name of the other model: its comparisons with the one, task by task; the other model is the `before` of each."""


def format_p(p: float) -> str:
    """Write a p value, never as zero; a dash where there is none.

    >>> format_p(0.0391), format_p(2e-9), format_p(float("nan"))
    ('0.039', '< 0.001', '–')
    """
    if math.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def ways_to_rows(contrasts: Contrasts) -> list[tuple[str, ...]]:
    """One row for each task of the first contrast: its name, the percentage of the one model, then of each other.

    A model that lacks the task has a dash.
    """
    lines = next(iter(contrasts.values()))
    return [
        (line.task, _percent(line.after), *(_before(others, line.task) for others in contrasts.values()))
        for line in lines
    ]


def contrasts_to_rows(contrasts: Contrasts, tasks: Collection[str] | None = None) -> list[tuple[str, ...]]:
    """One row for each other model and task: its name, the task, the difference in points, and p.

    Args:
        contrasts: of one run.
        tasks: which to show; None: all.
    """
    return [
        (name, line.task, f"{100 * line.difference:+.1f}", format_p(line.p))
        for name, lines in contrasts.items()
        for line in lines
        if tasks is None or line.task in tasks
    ]


def tasks_of_all(seeds: Sequence[Contrasts]) -> list[str]:
    """Tasks that every contrast of every seed has, in the order of the first; a small one may lack some."""
    found = [[line.task for line in lines] for contrasts in seeds for lines in contrasts.values()]
    return [task for task in found[0] if all(task in tasks for tasks in found)]


def seed_means_to_rows(seeds: Sequence[Contrasts]) -> list[tuple[str, ...]]:
    """As `ways_to_rows`, as means over seeds, for the tasks that every seed has."""
    names = list(seeds[0])
    return [
        (task, _mean(seeds, names[0], task, "after"), *(_mean(seeds, name, task, "before") for name in names))
        for task in tasks_of_all(seeds)
    ]


def seed_changes_to_rows(seeds: Sequence[Contrasts], tasks: Collection[str]) -> list[tuple[str, ...]]:
    """One row for each other model and task: its name, the task, and the difference with its p, seed by seed."""
    shown = [task for task in tasks if task in tasks_of_all(seeds)]
    return [(name, task, *(_change(one, name, task) for one in seeds)) for name in seeds[0] for task in shown]


def _before(lines: Sequence[Comparison], task: str) -> str:
    return next((_percent(line.before) for line in lines if line.task == task), "–")


def _line(contrasts: Contrasts, name: str, task: str) -> Comparison:
    return next(line for line in contrasts[name] if line.task == task)


def _mean(seeds: Sequence[Contrasts], name: str, task: str, side: str) -> str:
    return _percent(sum(getattr(_line(one, name, task), side) for one in seeds) / len(seeds))


def _change(contrasts: Contrasts, name: str, task: str) -> str:
    line = _line(contrasts, name, task)
    return f"{100 * line.difference:+.1f} (p {format_p(line.p)})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
