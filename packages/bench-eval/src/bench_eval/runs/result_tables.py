"""Results and comparisons as rows of text, for `text_table` and `markdown_table`, and as LaTeX."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench_eval.contrast_tables import format_p
from bench_eval.intervals import Interval
from bench_eval.runs.run_comparisons import RunComparison, TaskComparison
from bench_eval.runs.task_results import AnswerCounts, TaskResult
from bench_eval.tables import markdown_table, markdown_text, printable, text_table

_ESCAPES = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "→": r"$\to$",
    "–": "--",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def results_to_rows(results: Sequence[TaskResult], *, parts: bool = False) -> list[tuple[str, ...]]:
    """One row for each task with its headline, or for each figure: value, standard error, interval, and what to know.

    Args:
        results: of one model.
        parts: whether to show every figure and not the headline alone.
    """
    rows: list[tuple[str, ...]] = [
        ("task", "figure", "value", "s.e.", "95 % interval", "n", "clusters", "profile", "not counted")
    ]
    for result in results:
        for figure in result.figures if parts else result.figures[:1]:
            cells = (format_value(figure.value, figure.top), format_value(figure.standard_error, figure.top))
            interval = format_interval(figure.interval, figure.top)
            numbers = (str(figure.n), str(figure.n_clusters))
            names = (result.title, figure.metric)
            rows.append((*names, *cells, interval, *numbers, result.profile, count_notes(result.counts)))
    return rows


def comparison_to_rows(comparison: RunComparison, *, parts: bool = False) -> list[tuple[str, ...]]:
    """One row for each task with its headline, or for each figure: before, after, change, interval, p, corrected p."""
    head: tuple[str, ...] = (
        "task",
        "figure",
        "n",
        "before",
        "after",
        "change",
        "95 % interval",
        "p",
        "p (Holm)",
        "unparsed",
        "tokens",
    )
    rows: list[tuple[str, ...]] = [head]
    for task in comparison.tasks:
        for k, figure in enumerate(task.figures if parts else task.figures[:1]):
            change = format_value(figure.difference, figure.top, sign=True)
            values = (format_value(figure.before, figure.top), format_value(figure.after, figure.top), change)
            interval = format_interval(figure.interval, figure.top, sign=True)
            p_values = (format_p(figure.p), format_p(task.p_holm) if k == 0 else "")
            names = (task.title, figure.metric, str(figure.n))
            rows.append((*names, *values, interval, *p_values, *(_costs(task) if k == 0 else ("", ""))))
    return rows


def comparison_to_text(comparison: RunComparison, *, parts: bool = False) -> str:
    """Write a table for the terminal, and under it the conditions of each task."""
    table = text_table(comparison_to_rows(comparison, parts=parts), left=2)
    return "\n".join([table, *condition_lines(comparison)])


def comparison_to_markdown(comparison: RunComparison, *, parts: bool = False) -> str:
    """Write a table in Markdown, with a line that names the models, and the conditions of each task."""
    names = markdown_text(f"Before: `{comparison.before}`; after: `{comparison.after}`.")
    conditions = "\n".join(f"- {markdown_text(line)}" for line in condition_lines(comparison))
    return f"{names}\n\n{markdown_table(comparison_to_rows(comparison, parts=parts))}\n\n{conditions}"


def condition_lines(comparison: RunComparison) -> list[str]:
    """Say of each task by which rules it was graded, by which judge, how it was tested, and what was not counted."""
    return [_conditions(task) for task in comparison.tasks]


def _conditions(task: TaskComparison) -> str:
    said = [f"profile {task.profile} {task.profile_version}", f"{task.headline.n_clusters} clusters"]
    said.append(f"test {task.headline.test}" if not math.isnan(task.headline.p) else "not tested: no value")
    said += [f"judge {task.judge} ({task.judge_rule})"] if task.judge else []
    said += [f"the first {task.limit} rows alone"] if task.limit else []
    said += [task.turns] if task.turns else []
    said += [f"{task.headline.left_out} rows left out"] if task.headline.left_out else []
    sides = (("before", task.counts_before), ("after", task.counts_after))
    said += [f"{side}: {notes}" for side, counts in sides if (notes := count_notes(counts))]
    return printable(f"{task.title}: {', '.join(said)}")


def comparison_to_latex(comparison: RunComparison, *, parts: bool = False) -> str:
    """Write a `tabular` of booktabs, every cell escaped.

    >>> print(comparison_to_latex(RunComparison(before="a", after="b", tasks=[])).splitlines()[0])
    \\begin{tabular}{llrrrrrrrrr}
    """
    head, *body = comparison_to_rows(comparison, parts=parts)
    lines = [f"\\begin{{tabular}}{{ll{'r' * (len(head) - 2)}}}", "\\toprule", _latex_line(head), "\\midrule"]
    return "\n".join([*lines, *map(_latex_line, body), "\\bottomrule", "\\end{tabular}"])


def format_value(value: float, top: float = 1.0, *, sign: bool = False) -> str:
    """Write a figure: in percent where 1 is the best, else as it stands; a dash where there is none.

    >>> format_value(0.5712), format_value(1510.72, 2000), format_value(float("nan")), format_value(0.02, sign=True)
    ('57.1', '1510.7', '–', '+2.0')
    """
    if math.isnan(value):
        return "–"
    shown = 100 * value if top == 1 else value
    decimals = 2 if 1 < top < 50 else 1
    return f"{shown:+.{decimals}f}" if sign else f"{shown:.{decimals}f}"


def format_interval(interval: Interval, top: float = 1.0, *, sign: bool = False) -> str:
    """Write both ends of an interval."""
    return " to ".join(format_value(end, top, sign=sign) for end in interval)


def count_notes(counts: AnswerCounts) -> str:
    """Name every kind of answer that a reader must know of, with its number; empty where there is none.

    >>> count_notes(AnswerCounts(rows=9, failed=1, trials=9, unparsed=2, empty=0, truncated=0, unscored=0))
    '1 failed, 2 unparsed'
    """
    kinds = {
        "failed": counts.failed,
        "unparsed": counts.unparsed,
        "empty": counts.empty,
        "truncated": counts.truncated,
        "without a score": counts.unscored,
        "without a region": counts.no_zoom,
    }
    return ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)


def _costs(task: TaskComparison) -> tuple[str, str]:
    unparsed = f"{task.counts_before.unparsed} → {task.counts_after.unparsed}"
    return unparsed, f"{task.tokens_before} → {task.tokens_after}"


def _latex_line(cells: Sequence[str]) -> str:
    return " & ".join(_latex(cell) for cell in cells) + r" \\"


def _latex(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in printable(text))
