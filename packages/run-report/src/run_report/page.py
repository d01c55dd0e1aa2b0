"""Sections in, one HTML file out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined

from run_report import numbers
from run_report.accounts import StageAccounts, balance, begun
from run_report.assets import content_policy, load_assets
from run_report.cards import MOULD
from run_report.comparison import Comparison, interval_axis, interval_mark, verdict
from run_report.curves import Curves, draw_curves
from run_report.errors import RunReportError
from run_report.gallery import Gallery
from run_report.gallery_pages import GalleryPages, gallery_to_pages
from run_report.histogram import Histogram, draw_histogram
from run_report.links import Link
from run_report.prose import KeyFacts, Prose, Table, number_columns, text_to_blocks
from run_report.untrusted import MAX_TEXT_CHARS, shorten, to_name, to_printable

Section: TypeAlias = StageAccounts | Gallery | Histogram | Curves | Comparison | KeyFacts | Prose | Table
"""What a report is made of."""

_TEMPLATES: Mapping[type, str] = {
    StageAccounts: "accounts.html",
    Gallery: "gallery.html",
    Histogram: "histogram.html",
    Curves: "curves.html",
    Comparison: "comparison.html",
    KeyFacts: "facts.html",
    Prose: "prose.html",
    Table: "table.html",
}

_LONGEST_CHARS = 2 * MAX_TEXT_CHARS
"""No text of the page is longer; cards cut theirs before."""


def write_report(
    path: str | Path, *, title: str, sections: Sequence[Section], subtitle: str = "", above: Link | None = None
) -> Path:
    """Write one HTML file that needs nothing but itself, replacing an older one in one step, and return its path.

    Args:
        path: of the file; missing folders are made.
        title: heading of the page.
        sections: in order.
        subtitle: a line under the heading.
        above: leads to the page that this one belongs to, such as that of all rounds.

    Raises:
        RunReportError: when a section is of an unknown type or cannot be drawn; an older file is then left as it was.
    """
    target = Path(path)
    html = render_report(title=title, sections=sections, subtitle=subtitle, above=above)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(html)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


def render_report(*, title: str, sections: Sequence[Section], subtitle: str = "", above: Link | None = None) -> str:
    """Give the page as text; the same input gives the same text. What is given is that of `write_report`.

    Raises:
        RunReportError: when a section is of an unknown type or cannot be drawn.

    >>> "<title>Run 7</title>" in render_report(title="Run 7", sections=[Prose("Fine.")])
    True
    """
    for section in sections:
        if type(section) not in _TEMPLATES:
            known = ", ".join(sorted(kind.__name__ for kind in _TEMPLATES))
            raise RunReportError(f"a section must be one of {known}; got {type(section).__name__}.")
    assets, page = load_assets(), _environment().get_template("page.html")
    return page.render(
        title=title,
        subtitle=subtitle,
        above=above,
        parts=[_part(number, section) for number, section in enumerate(sections, 1)],
        assets=assets,
        policy=content_policy(assets),
        mould=MOULD,
    )


@dataclass(frozen=True)
class _Part:
    """A section on its way into the page."""

    number: int
    section: Section
    template: str
    gallery: GalleryPages | None
    """Of a gallery alone."""


def _part(number: int, section: Section) -> _Part:
    gallery = gallery_to_pages(section) if isinstance(section, Gallery) else None
    return _Part(number, section, _TEMPLATES[type(section)], gallery)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("run_report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_template_functions())
    environment.tests["link"] = lambda value: isinstance(value, Link)
    return environment


def _shown(value: Any) -> Any:
    """What stands in the page for a value: no text without end, nothing unprintable; markup of ours is left whole."""
    text = shorten(value, _LONGEST_CHARS) if type(value) is str else value  # markup is of a type of its own
    return to_printable(text)


def _template_functions() -> dict[str, Callable[..., Any]]:
    return {
        "num": numbers.format_number,
        "pct": numbers.format_percent,
        "signed": numbers.format_signed,
        "interval": numbers.format_interval,
        "p_value": numbers.format_p,
        "seconds": numbers.format_seconds,
        "cell": _cell,
        "balance": balance,
        "begun": begun,
        "verdict": verdict,
        "interval_axis": interval_axis,
        "interval_mark": interval_mark,
        "draw_histogram": draw_histogram,
        "draw_curves": draw_curves,
        "blocks": text_to_blocks,
        "number_columns": number_columns,
        "name": to_name,
        "zip": zip,
    }


def _cell(value: Any) -> str:
    """Show a table cell: numbers formatted, truth as yes and no, nothing as a dash."""
    if value is None or isinstance(value, float):
        return numbers.format_number(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return numbers.format_number(value) if isinstance(value, int) else str(value)
