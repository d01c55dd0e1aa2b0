"""Rows of text as a table, for the terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from bench_eval.errors import BenchEvalError


def text_table(rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Align columns of text, the first `left` to the left and the others to the right.

    Raises:
        BenchEvalError: when there is no row, or rows differ in their number of cells.

    >>> print(text_table([("task", "n"), ("color", "30")]))
    task    n
    color  30
    """
    _require_even(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    sides = [str.ljust if column < left else str.rjust for column in range(len(widths))]
    lines = ([side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True)] for row in rows)
    return "\n".join("  ".join(line).rstrip() for line in lines)


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Write rows of text as a Markdown table, the first as its head, with the columns aligned as in `text_table`.

    Raises:
        BenchEvalError: when there is no row, or rows differ in their number of cells.

    >>> print(markdown_table([("arm", "greedy"), ("base", "58.7")]))
    | arm | greedy |
    |---|--:|
    | base | 58.7 |
    """
    _require_even(rows)
    rule = "|---|" + "--:|" * (len(rows[0]) - 1)
    head, *body = map(markdown_line, rows)
    return "\n".join([head, rule, *body])


def markdown_line(cells: Sequence[str]) -> str:
    """Write the cells of one row.

    >>> markdown_line(["base", "58.7"])
    '| base | 58.7 |'
    """
    return "| " + " | ".join(cells) + " |"


def _require_even(rows: Sequence[Sequence[str]]) -> None:
    counts = sorted({len(row) for row in rows})
    if len(counts) != 1 or counts == [0]:
        raise BenchEvalError(f"a table needs a head and rows of as many cells; got rows with {counts} cells.")
