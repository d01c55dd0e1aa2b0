"""Rows of text as a table, for the terminal or in Markdown; cells may hold text of models and of files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench_eval.errors import BenchEvalError

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters: line ends, escapes that move a terminal's cursor, marks that turn the direction of text."""
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def text_table(rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Align columns of text, the first `left` to the left and the others to the right.

    Raises:
        BenchEvalError: when there is no row, or rows differ in their number of cells.

    >>> print(text_table([("task", "n"), ("color", "30")]))
    task    n
    color  30
    """
    _require_even(rows)
    rows = [[printable(cell) for cell in row] for row in rows]
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
    r"""Write the cells of one row, so that no text in them ends a cell or the row, or begins a tag.

    >>> markdown_line(["a|b", "58.7", "<b>"])
    '| a\\|b | 58.7 | &lt;b> |'
    """
    return "| " + " | ".join(markdown_text(cell).replace("|", "\\|") for cell in cells) + " |"


def markdown_text(text: str) -> str:
    """Keep a text on its line and its tags from being tags.

    >>> markdown_text("<b>1 < 2")
    '&lt;b>1 < 2'
    """
    return _TAG.sub("&lt;", printable(text))


def printable(text: str) -> str:
    r"""Replace what can't be shown on one line, such as a terminal's escapes, by a space.

    >>> printable("a\x1b[2Jb"), printable("two\nlines")
    ('a [2Jb', 'two lines')
    """
    return _UNPRINTABLE.sub(" ", text)


def _require_even(rows: Sequence[Sequence[str]]) -> None:
    counts = sorted({len(row) for row in rows})
    if len(counts) != 1 or counts == [0]:
        raise BenchEvalError(f"a table needs a head and rows of as many cells; got rows with {counts} cells.")
