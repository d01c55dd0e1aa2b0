"""Comparisons as tables to read, scores in percent."""

from __future__ import annotations

from collections.abc import Sequence

from bench_eval.comparison import Comparison
from bench_eval.contrast_tables import format_p
from bench_eval.tables import markdown_table, text_table


def comparisons_to_text(comparisons: Sequence[Comparison], *, label: str = "held-out") -> str:
    """Write an aligned table for the terminal.

    Args:
        comparisons: one line each.
        label: head of the column of tasks: what rows were compared.

    >>> from bench_eval import compare
    >>> old = [{"id": str(i), "trials": [{"score": float(i < 6)}]} for i in range(20)]
    >>> new = [{"id": str(i), "trials": [{"score": 1.0}]} for i in range(20)]
    >>> print(comparisons_to_text([compare(old, new, task="colour")], label="drawn pairs"))
    drawn pairs   n  before  after  change   95 % interval        p
    colour       20    30.0  100.0   +70.0  +50.0 to +90.0  < 0.001
    """
    head = (label, "n", "before", "after", "change", "95 % interval", "p")
    return text_table([head, *map(_cells, comparisons)])


def comparisons_to_markdown(comparisons: Sequence[Comparison]) -> str:
    """Write the table in Markdown, with the number of rows that could not be compared."""
    head = ("task", "n", "before", "after", "difference", "interval", "p", "not compared")
    return markdown_table([head, *((*_cells(result), str(_left_out(result))) for result in comparisons)])


def _cells(result: Comparison) -> tuple[str, ...]:
    before, after, change = f"{100 * result.before:.1f}", f"{100 * result.after:.1f}", f"{100 * result.difference:+.1f}"
    low, high = (100 * end for end in result.interval)
    return (result.task, str(result.n), before, after, change, f"{low:+.1f} to {high:+.1f}", format_p(result.p))


def _left_out(result: Comparison) -> int:
    return result.missing_before + result.missing_after + result.unscored
