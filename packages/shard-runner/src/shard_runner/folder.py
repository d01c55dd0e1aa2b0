"""The layout of a run folder, and reading what lies in it."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shard_runner.columns import rows_to_table, table_to_rows
from shard_runner.content import Content
from shard_runner.disk import read_json, sync_folder, write_table
from shard_runner.errors import LedgerError
from shard_runner.outcomes import State, Verdict
from shard_runner.plain import Row, to_json

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
    return sorted(run_dir.glob(f"{name}.old-*"))


def part_path(folder: Path, index: int) -> Path:
    """Return the Parquet file of a shard's output rows."""
    return folder / f"part-{index:05d}.parquet"


def journal_path(folder: Path, index: int) -> Path:
    """Return the journal of a shard that is still open."""
    return folder / f"part-{index:05d}.jsonl"


def ledger_path(folder: Path, index: int) -> Path:
    """Return the Parquet file that says what became of each of a shard's input rows."""
    return folder / "ledger" / f"{index:05d}.parquet"


def part_count(folder: Path) -> int:
    """Return the number of shards that a folder is planned to have."""
    record = read_json(folder / STAGE_RECORD) or read_json(folder / PLAN_RECORD)
    return len(record["shards"]) if record else 0


@dataclass(frozen=True)
class Entry:
    """What became of one input row."""

    key: str
    """Fingerprint of the input row."""
    id: str
    state: State
    reason: str
    detail: str
    rows_out: int
    row: str | None
    """The input row as JSON text where it failed."""


@dataclass(frozen=True)
class LedgerHead:
    """What a shard was made from and what it holds."""

    input: str
    """Fingerprint of the input rows' place and content."""
    content: Content
    """Content of the output rows."""


def write_shard(
    folder: Path,
    index: int,
    source: str,
    entries: Sequence[Entry],
    rows: Sequence[Row],
    schema: pa.Schema | None = None,
) -> None:
    """Write a shard's output, then its ledger; `source` is the fingerprint of its input."""
    columns = {} if schema is None else {column.name: column for column in schema}
    write_table(part_path(folder, index), rows_to_table(rows, columns))
    table = rows_to_table([vars(entry) for entry in entries])
    head = to_json({"input": source, "content": str(Content.of_rows(rows))})
    ledger_path(folder, index).parent.mkdir(exist_ok=True)
    write_table(ledger_path(folder, index), table.replace_schema_metadata({"shard_runner": head}))


def is_closed(folder: Path, index: int) -> bool:
    """Tell whether a shard is finished: its ledger is there, and its journal is gone."""
    return ledger_path(folder, index).exists() and not journal_path(folder, index).exists()


def read_head(folder: Path, index: int) -> LedgerHead | None:
    """Return what a finished shard was made from; None for one that is not finished."""
    path = ledger_path(folder, index)
    if not path.exists():
        return None
    head = json.loads(pq.read_schema(path).metadata[b"shard_runner"])
    return LedgerHead(head["input"], Content.from_text(head["content"]))


def read_entries(folder: Path, index: int) -> list[Entry]:
    """Return what became of each input row of a finished shard, in order."""
    return [Entry(**row) for row in read_parquet(ledger_path(folder, index))]


def read_verdicts(folder: Path, index: int) -> dict[str, Verdict]:
    """Return the verdicts of a finished shard by row key."""
    rows = iter(read_parquet(part_path(folder, index)))
    return {
        entry.key: Verdict(entry.state, [next(rows) for _ in range(entry.rows_out)], entry.reason, entry.detail)
        for entry in read_entries(folder, index)
    }


def read_parquet(path: Path, columns: list[str] | None = None) -> list[Row]:
    """Return the rows of a Parquet file that this package wrote."""
    return table_to_rows(pq.ParquetFile(path).read(columns=columns))


def finished_record(run_dir: str | Path, name: str) -> dict[str, Any]:
    """Return the record of a finished source or stage.

    Raises:
        LedgerError: when it has not finished, or is a task.
    """
    run_dir = Path(run_dir)
    record = read_json(stage_folder(run_dir, name) / STAGE_RECORD)
    if record is None:
        known = ", ".join(sorted(path.parent.name for path in run_dir.glob(f"*/{STAGE_RECORD}"))) or "none"
        raise LedgerError(f"{run_dir} has no finished rows of {name!r} (finished: {known}); run the pipeline first")
    return record


def read_rows(run_dir: str | Path, name: str) -> Iterator[Row]:
    """Yield the rows of a finished source or stage, in order, one shard in memory at a time.

    Raises:
        LedgerError: when it has not finished, or is a task.
    """
    count = len(finished_record(run_dir, name)["shards"])
    folder = stage_folder(run_dir, name)
    return (row for index in range(count) for row in read_parquet(part_path(folder, index)))


def recover_swap(run_dir: Path, name: str) -> None:
    """Finish the replacement of a stage's old output, where a kill came in between."""
    folder, building = stage_folder(run_dir, name), building_folder(run_dir, name)
    if (building / STAGE_RECORD).exists():
        swap_in(run_dir, name)
    elif not building.exists() and folder.exists():
        for old in earlier_folders(run_dir, name):
            shutil.rmtree(old)


def set_aside(run_dir: Path, name: str, folder: Path) -> None:
    """Rename a folder of a stage to the next free `NAME.old-N`."""
    numbers = [int(path.name.rsplit("-", 1)[1]) for path in earlier_folders(run_dir, name)]
    folder.rename(run_dir / f"{name}.old-{max(numbers, default=0) + 1}")


def swap_in(run_dir: Path, name: str) -> None:
    """Replace a stage's old output by the complete new one; a kill in between is made good by `recover_swap`."""
    folder, building = stage_folder(run_dir, name), building_folder(run_dir, name)
    if folder.exists():
        set_aside(run_dir, name, folder)
    (building / PLAN_RECORD).unlink(missing_ok=True)
    building.rename(folder)
    sync_folder(run_dir)
    for old in earlier_folders(run_dir, name):
        shutil.rmtree(old)
