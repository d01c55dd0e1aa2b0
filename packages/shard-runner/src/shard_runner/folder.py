"""The layout of a run folder, and reading the rows that lie in it."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from shard_runner.columns import rows_to_table, table_to_rows
from shard_runner.disk import ends_as_parquet, load_table, read_record, remove_folder, sync_folder, write_table
from shard_runner.errors import LedgerError
from shard_runner.ledger import ledger_path, read_entries
from shard_runner.plain import Row
from shard_runner.verdicts import Verdict

STAGE_RECORD = "stage.json"  # says that a stage's folder is complete, and what made it
PLAN_RECORD = "plan.json"  # says what an unfinished stage's folder is being made from
TASK_RECORD = "task.json"


def stage_folder(run_dir: str | Path, name: str) -> Path:
    """Return the folder of a source, stage or task in a run folder."""
    return Path(run_dir) / name


def building_folder(run_dir: Path, name: str) -> Path:
    """Return the folder in which a stage's new output grows until it replaces the old."""
    return run_dir / f"{name}.next"


def earlier_folders(run_dir: Path, name: str) -> list[Path]:
    """Return folders of unfinished earlier attempts, whose finished rows may be used again."""
    pattern = re.compile(re.escape(f"{name}.old-") + r"\d+")
    return sorted(path for path in run_dir.glob(f"{name}.old-*") if pattern.fullmatch(path.name))


def part_path(folder: Path, index: int) -> Path:
    """Return the Parquet file of a shard's output rows."""
    return folder / f"part-{index:05d}.parquet"


def journal_path(folder: Path, index: int) -> Path:
    """Return the journal of a shard that is still open."""
    return folder / f"part-{index:05d}.jsonl"


def shards_in(folder: Path) -> list[int]:
    """Return the shards of which a folder holds anything, finished or open, in order."""
    ledgers = (path.stem for path in folder.glob("ledger/*.parquet"))
    journals = (path.stem.removeprefix("part-") for path in folder.glob("part-*.jsonl"))
    return sorted({int(name) for name in (*ledgers, *journals) if name.isdigit()})


def write_part(folder: Path, index: int, rows: Sequence[Row], schema: pa.Schema | None = None) -> None:
    """Write a shard's output rows."""
    columns = {} if schema is None else {column.name: column for column in schema}
    write_table(part_path(folder, index), rows_to_table(rows, columns))


def is_closed(folder: Path, index: int) -> bool:
    """Tell whether a shard is finished: its part and its ledger are there, and its journal is gone."""
    there = part_path(folder, index).exists() and ledger_path(folder, index).exists()
    return there and not journal_path(folder, index).exists()


def is_whole(folder: Path, record: Mapping[str, Any]) -> bool:
    """Tell whether every shard that a folder's record speaks of is there, and no file of it was cut off."""
    shards = range(len(record["shards"]))
    files = (path(folder, index) for index in shards for path in (part_path, ledger_path))
    return all(is_closed(folder, index) for index in shards) and all(map(ends_as_parquet, files))


def read_verdicts(folder: Path, index: int) -> dict[str, Verdict]:
    """Return the verdicts of a finished shard by row key."""
    rows = iter(read_parquet(part_path(folder, index)))
    return {
        entry.key: Verdict(
            entry.state,
            [next(rows) for _ in range(entry.rows_out)],
            entry.reason,
            entry.detail,
            entry.tokens,
            entry.attempts,
            entry.traceback,
        )
        for entry in read_entries(folder, index)
    }


def read_parquet(path: Path) -> list[Row]:
    """Return the rows of a Parquet file that this package wrote."""
    return table_to_rows(load_table(path))


def finished_record(run_dir: str | Path, name: str) -> dict[str, Any]:
    """Return the record of a finished source or stage.

    Raises:
        LedgerError: when it has not finished, or is a task.
    """
    run_dir = Path(run_dir)
    record = read_record(stage_folder(run_dir, name) / STAGE_RECORD)
    if record is None:
        known = ", ".join(sorted(path.parent.name for path in run_dir.glob(f"[!.]*/{STAGE_RECORD}"))) or "none"
        raise LedgerError(f"{run_dir} has no finished rows of {name!r} (finished: {known}); run the pipeline first")
    return record


def read_rows(run_dir: str | Path, name: str) -> Iterator[Row]:
    """Yield the rows of a finished source or stage, in order, one shard in memory at a time.

    Raises:
        LedgerError: when it has not finished, or is a task; while reading, when a part is missing or damaged.
    """
    count = len(finished_record(run_dir, name)["shards"])
    folder = stage_folder(run_dir, name)
    return (row for index in range(count) for row in _read_finished(part_path(folder, index)))


def _read_finished(path: Path) -> list[Row]:
    with reading_of(path):
        return read_parquet(path)


@contextmanager
def reading_of(path: Path) -> Generator[None]:
    """Let an error about a file of a finished stage be a LedgerError that says what to do.

    Raises:
        LedgerError: there is no such file, or it can't be read.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise LedgerError(
            f"{path} is missing; run the pipeline again: only what it stands for is worked on again"
        ) from error
    except OSError as error:
        raise LedgerError(f"{path} can't be read: {error.strerror or error}") from error


def recover_swap(run_dir: Path, name: str) -> None:
    """Finish the replacement of a stage's old output, where a kill came in between."""
    folder, building = stage_folder(run_dir, name), building_folder(run_dir, name)
    if (building / STAGE_RECORD).exists():
        swap_in(run_dir, name)
    elif not building.exists() and folder.exists():
        for old in earlier_folders(run_dir, name):
            remove_folder(old)


def next_aside(run_dir: Path, name: str) -> Path:
    """Return the next free `NAME.old-N` of a stage."""
    numbers = [int(path.name.rsplit("-", 1)[1]) for path in earlier_folders(run_dir, name)]
    return run_dir / f"{name}.old-{max(numbers, default=0) + 1}"


def set_aside(run_dir: Path, name: str, folder: Path) -> None:
    """Rename a folder of a stage to the next free `NAME.old-N`."""
    folder.rename(next_aside(run_dir, name))


def swap_in(run_dir: Path, name: str) -> None:
    """Replace a stage's old output by the complete new one; a kill in between is made good by `recover_swap`."""
    folder, building = stage_folder(run_dir, name), building_folder(run_dir, name)
    if folder.exists():
        set_aside(run_dir, name, folder)
    (building / PLAN_RECORD).unlink(missing_ok=True)
    building.rename(folder)
    sync_folder(run_dir)
    for old in earlier_folders(run_dir, name):
        remove_folder(old)
