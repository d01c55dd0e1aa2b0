"""What a benchmark's data are, whose they are, and what to put where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One file or folder that a task reads."""

    path: str
    """Relative to the task's data folder."""
    what: str
    """In a few words."""
    address: str = ""
    """Page or file to get it from; empty: the card's."""
    optional: bool = False
    """Whether the task can do without."""


@dataclass(frozen=True, kw_only=True)
class DataCard:
    """Origin, licence and layout of a benchmark's data."""

    licence: str
    """SPDX name, or what the owners say; `not stated` where they don't."""
    address: str
    """Page of the owners."""
    files: tuple[DataFile, ...]
    """What is read, in the official layout."""
    hub: str = ""
    """Dataset on the Hugging Face hub whose files, downloaded as they are, may stand in the folder instead."""
    split: str
    """Which part: `test`, `val`."""
    n: int | None = None
    """Rows of the whole split; `run` and `score` say when they see another number."""
    n_units: int | None = None
    """Pairs, items or pictures that the headline is about; None: it is about rows."""
    paper: str
    """Authors, year, title, arXiv number."""
    notes: tuple[str, ...] = ()
    """Known wrong labels, versions that differ, tokens that matter."""
