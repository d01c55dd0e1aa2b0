"""A comparison as one HTML page (extra `bench-eval[cli]`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from run_report import Comparison, Prose, Section, Table, write_report

from bench_eval.intervals import Interval
from bench_eval.measures import MetricComparison
from bench_eval.runs.result_tables import comparison_to_rows, condition_lines
from bench_eval.runs.run_comparisons import RunComparison, TaskComparison

_NOTE = (
    "Scores in percent over the questions that both models answered. Intervals: paired bootstrap of whole clusters, "
    "95 %. Verdicts by the p value that is corrected for the number of tasks (Holm)."
)


def write_comparison_page(comparison: RunComparison, path: str | Path) -> Path:
    """Write one self-contained page: headlines with intervals and verdicts, every figure, and what was left out."""
    in_percent = [_line(task) for task in comparison.tasks if task.headline.top == 1]
    sections: list[Section] = []
    if in_percent:
        sections.append(Comparison(in_percent, note=_NOTE))
    head, *rows = comparison_to_rows(comparison, parts=True)
    sections += [Table(head, rows, title="Every figure"), _conditions(comparison)]
    title = "Before and after on benchmarks"
    return write_report(path, title=title, sections=sections, subtitle=f"{comparison.before} → {comparison.after}")


@dataclass(frozen=True)
class _Line:
    """A headline as the page draws it."""

    task: str
    n: int
    before: float
    after: float
    before_interval: Interval
    after_interval: Interval
    difference: float
    interval: Interval
    p: float


def _line(task: TaskComparison) -> _Line:
    figure: MetricComparison = task.headline
    return _Line(
        task.title,
        figure.n,
        figure.before,
        figure.after,
        figure.before_interval,
        figure.after_interval,
        figure.difference,
        figure.interval,
        task.p_holm,
    )


def _conditions(comparison: RunComparison) -> Section:
    return Prose("\n".join(f"- {line}" for line in condition_lines(comparison)), title="Conditions")
