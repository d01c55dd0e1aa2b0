"""Rows of a run that need not be finished, for whoever shows what there is."""

from pathlib import Path

from shard_runner.errors import LedgerError
from shard_runner.folder import read_rows
from shard_runner.plain import Row


def rows_so_far(run_dir: str | Path, name: str) -> list[Row]:
    """Return the rows of a source or stage; none where it has not finished.

    Raises:
        LedgerError: a part of a finished one is missing or damaged.
    """
    try:
        rows = read_rows(run_dir, name)
    except LedgerError:  # damage is told while rows are read
        return []
    return list(rows)
