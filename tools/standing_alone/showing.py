"""Outcomes for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from standing_alone.plan import Outcome

HEAD = ("package", "Python", "versions", "dists", "MB", "import s", "example", "tests")


def as_table(outcomes: Sequence[Outcome]) -> str:
    """Return a line for each outcome, then what a reader should know, then what is broken; the JSON says more."""
    rows = [HEAD, *(_cells(one) for one in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for title, kind in (("notes", "notes"), ("broken", "problems")):
        said = [(_place(one), line) for one in outcomes for line in getattr(one, kind)]
        lines += (
            ["", f"{title}:", *(f"  {place}: {line.partition(chr(10))[0]}" for place, line in said)] if said else []
        )
    return "\n".join(lines)


def as_json(outcomes: Sequence[Outcome], problems: Sequence[str]) -> str:
    """Return everything that was found."""
    return json.dumps({"outcomes": [asdict(one) for one in outcomes], "problems": list(problems)}, indent=2)


def _cells(one: Outcome) -> tuple[str, ...]:
    figures = (str(one.distributions), f"{one.size_mb:.0f}", f"{one.import_s:.2f}")
    return (one.package, one.python, one.resolution, *figures, one.example or "-", one.tests or "-")


def _place(one: Outcome) -> str:
    return f"{one.package} ({one.resolution}, Python {one.python})"
