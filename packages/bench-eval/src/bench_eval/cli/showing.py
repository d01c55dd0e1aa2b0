"""Where a comparison is shown and written: flags that `compare` and `compare-runs` share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench_eval.runs import (
    RunComparison,
    comparison_to_json,
    comparison_to_latex,
    comparison_to_markdown,
    comparison_to_text,
)
from bench_eval.whole_files import write_text_whole

_FILE = click.Path(path_type=Path, dir_okay=False)


def writing_flags(command: Any) -> Any:
    """Add the flags that say in which forms a comparison is written."""
    flags = [
        click.option("--parts", is_flag=True, help="Show every figure, not the headlines alone; HTML and JSON do."),
        click.option("--html", type=_FILE, help="Write a page for the browser."),
        click.option("--markdown", type=_FILE, help="Write a Markdown table."),
        click.option("--latex", type=_FILE, help="Write a LaTeX tabular (booktabs)."),
        click.option("--json", "json_file", type=_FILE, help="Write everything as JSON; - prints it."),
    ]
    for flag in reversed(flags):
        command = flag(command)
    return command


def show_comparison(
    comparison: RunComparison,
    *,
    parts: bool,
    html: Path | None,
    markdown: Path | None,
    latex: Path | None,
    json_file: Path | None,
) -> None:
    """Print a comparison, and write it in every form that is asked for."""
    is_printed_as_json = json_file is not None and str(json_file) == "-"
    click.echo(comparison_to_json(comparison) if is_printed_as_json else comparison_to_text(comparison, parts=parts))
    texts = [
        (markdown, comparison_to_markdown(comparison, parts=parts)),
        (latex, comparison_to_latex(comparison, parts=parts)),
        (None if is_printed_as_json else json_file, comparison_to_json(comparison)),
    ]
    for path, text in texts:
        if path is not None:
            click.echo(f"written: {write_text_whole(path, text)}", err=True)
    if html is not None:
        from bench_eval.runs.comparison_page import write_comparison_page

        click.echo(f"written: {write_comparison_page(comparison, html)}", err=True)
