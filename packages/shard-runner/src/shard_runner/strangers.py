"""Folders that carry a step's name and hold something else, which no run may touch."""

from collections.abc import Iterable
from pathlib import Path

from shard_runner.disk import temporary_path
from shard_runner.errors import LedgerError, PipelineError
from shard_runner.folder import (
    PLAN_RECORD,
    STAGE_RECORD,
    TASK_RECORD,
    building_folder,
    earlier_folders,
    journal_path,
    shards_in,
    stage_folder,
)
from shard_runner.journal import is_journal
from shard_runner.ledger import read_head


def check_folders(run_dir: Path, names: Iterable[str]) -> None:
    """Make sure that what carries the names of steps is theirs.

    Raises:
        PipelineError: a folder holds files, and none that tells that a run made it.
    """
    for name in names:
        for path in (stage_folder(run_dir, name), building_folder(run_dir, name), *earlier_folders(run_dir, name)):
            if not _is_free(path) and not _is_step_folder(path):
                raise PipelineError(
                    f"{path} is not a step's folder: it holds other files; choose another run folder, or another name"
                )


def _is_free(path: Path) -> bool:
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def _is_step_folder(path: Path) -> bool:
    records = [path / name for name in (STAGE_RECORD, PLAN_RECORD, TASK_RECORD)]
    if any(record.is_file() or temporary_path(record).is_file() for record in records):
        return True
    return any(_is_shard(path, index) for index in shards_in(path))


def _is_shard(folder: Path, index: int) -> bool:
    """Tell whether a ledger or a journal was written by a run: a record that was damaged may have been deleted."""
    journal = journal_path(folder, index)
    try:
        return read_head(folder, index) is not None or (journal.is_file() and is_journal(journal))
    except LedgerError:
        return False
