"""The page of a run in rounds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from run_report.links import Link
from run_report.page import Section, write_report
from run_report.prose import Prose, Table, settings_table
from run_report.rounds import RoundsLike, round_name, rounds_sections


def write_rounds_report(
    path: str | Path,
    rounds: RoundsLike | None,
    *,
    title: str,
    introduction: str,
    measure: str,
    answers: str,
    agreement: str,
    settings: Mapping[str, Any],
) -> Path:
    """Write the page of a run in rounds and return its path; it leads to a page of that name of each, in `round-K`.

    Args:
        path: of the file.
        rounds: None as long as there are none: the page then has introduction and settings alone.
        title: heading of the page.
        introduction: what a round does, and what is measured on which rows.
        measure: what a score is, such as "right trials of held-out instances".
        answers: whose variety is measured, such as "trials".
        agreement: what it means that two of them agree.
        settings: of the run, as plain values.
    """
    sections: list[Section] = [Prose(introduction)]
    if rounds is not None:
        sections += rounds_sections(rounds, measure=measure, answers=answers, agreement=agreement)
        sections.append(_pages(rounds, Path(path).name))
    return write_report(path, title=title, sections=[*sections, settings_table(settings)])


def _pages(rounds: RoundsLike, name: str) -> Table:
    paths = [(one.number, f"round-{one.number}/{name}") for one in rounds.records if one.number]
    lines = [(round_name(number), Link(path, path)) for number, path in paths]
    return Table(("round", "its own report"), lines, title="Reports of the rounds", note="Beside this page.")
