"""Words, facts and plain tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from run_report.links import Link

Cell: TypeAlias = str | int | float | bool | None
"""What may stand in a table or a fact; None and NaN are shown as a dash."""


@dataclass(frozen=True)
class Fact:
    """One figure worth seeing first."""

    label: str
    """What it is."""
    value: Cell
    """The figure; a string is shown as it is, a number is formatted."""
    note: str = ""
    """What it is measured on."""


@dataclass(frozen=True)
class KeyFacts:
    """A few large figures in a row."""

    facts: Sequence[Fact]
    """Three to six read best."""
    title: str = "At a glance"
    """Heading of the section."""
    note: str = ""
    """A sentence under the heading."""


@dataclass(frozen=True)
class Prose:
    """Paragraphs of plain text, cut at blank lines; lines that start with `- ` make a list, backticks are code."""

    text: str
    """Plain text; it is escaped."""
    title: str = ""
    """Heading of the section."""


@dataclass(frozen=True)
class Table:
    """A plain table, for settings, versions and counts."""

    columns: Sequence[str]
    """Headings."""
    rows: Sequence[Sequence[Cell | Link]]
    """As many cells as columns each."""
    title: str = "Settings"
    """Heading of the section."""
    note: str = ""
    """A sentence under the heading."""


def settings_table(settings: Mapping[str, Any]) -> Table:
    """The settings of a run, each value as Python writes it.

    >>> settings_table({"seed": 0, "model": None}).rows
    [('seed', '0'), ('model', 'None')]
    """
    return Table(("setting", "value"), [(name, str(value)) for name, value in settings.items()])


_NUMBER = re.compile(r"[+−-]?[\d\u202f.,]+( ?%)?|–|")


def number_columns(table: Table) -> set[int]:
    """Positions of the columns that hold numbers alone, also as text or with a dash for none.

    >>> sorted(number_columns(Table(("a", "b", "c"), [("x", 1, "–"), ("y", None, "−4.5 %")])))
    [1, 2]
    """
    columns = zip(*table.rows, strict=False)
    return {at for at, column in enumerate(columns) if all(map(_is_number, column)) and any(column)}


def _is_number(value: Cell | Link) -> bool:
    if isinstance(value, bool | Link):
        return False
    return _NUMBER.fullmatch(value) is not None if isinstance(value, str) else True


@dataclass(frozen=True)
class Block:
    """A paragraph, or a list when `is_list`; each line is cut into pieces (text, is_code)."""

    is_list: bool
    lines: tuple[tuple[tuple[str, bool], ...], ...]


def text_to_blocks(text: str) -> list[Block]:
    """Cut plain text into paragraphs and lists.

    >>> [(block.is_list, len(block.lines)) for block in text_to_blocks("One.\\n\\n- a\\n- b")]
    [(False, 1), (True, 2)]
    """
    blocks: list[Block] = []
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line.strip() for line in paragraph.strip().split("\n") if line.strip()]
        if not lines:
            continue
        is_list = all(line.startswith("- ") for line in lines)
        texts = [line[2:] for line in lines] if is_list else [" ".join(lines)]
        blocks.append(Block(is_list, tuple(_code_pieces(line) for line in texts)))
    return blocks


def _code_pieces(line: str) -> tuple[tuple[str, bool], ...]:
    pieces = line.split("`")
    if len(pieces) % 2 == 0:
        return ((line, False),)
    return tuple((piece, index % 2 == 1) for index, piece in enumerate(pieces) if piece)
