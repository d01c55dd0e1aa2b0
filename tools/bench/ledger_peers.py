"""The peers of `ledger.py`: `datasets.map`, Ray Data with its checkpointing, and a plain loop.

Each is given its own fast way as well as the row-wise one, in batches of 100. Ray's processes inherit the core of the
process that starts them; Ray is told of one CPU, so that one task runs at a time, and starts one actor for Parquet
footers instead of 32, which would take minutes to start on one core. Its start is not timed. Neither peer calls fsync.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
from collections.abc import Iterator
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from ledger_rows import BATCH, Row, Side, make_rows, work, work_row, write_parquet

ALONE = "the calls alone"
HAS_RAY = importlib.util.find_spec("ray") is not None
_RAY_ENVIRONMENT = {
    "RAY_DATA_PARQUET_FOOTER_NUM_ACTORS": "1",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # workers of a driver under `uv run` would build an environment of their own
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_raylet_start_wait_time_s": "300",
}


def lay_parquet(folder: Path, count: int) -> None:
    """Input rows as Parquet files."""
    write_parquet(folder / "in", make_rows(count))


# a plain loop


def lay_lines(folder: Path, count: int) -> None:
    """Input rows as JSON lines."""
    folder.mkdir(parents=True)
    with (folder / "in.jsonl").open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in make_rows(count))


def lay_count(folder: Path, count: int) -> None:
    """No rows, only how many."""
    folder.mkdir(parents=True)
    (folder / "count").write_text(str(count))


def work_alone(folder: Path, seconds_a_row: float) -> None:
    """The calls of the function and nothing else: what the others' times are measured against."""
    for row in make_rows(int((folder / "count").read_text())):
        work_row(row, seconds_a_row=seconds_a_row)


def read_count(folder: Path, _: Any) -> Iterator[Row]:
    """The rows that it was called with."""
    return make_rows(int((folder / "count").read_text()))


def plain_loop(folder: Path, seconds_a_row: float) -> None:
    """Call the function on batches, write JSON lines, call fsync after each batch; no accounts, no way to resume."""
    with (folder / "in.jsonl").open() as rows, (folder / "out.jsonl").open("w") as out:
        while lines := list(islice(rows, BATCH)):
            batch = [work_row(json.loads(line), seconds_a_row=seconds_a_row) for line in lines]
            out.write("".join(json.dumps(row) + "\n" for row in batch))
            out.flush()
            os.fsync(out.fileno())


def read_lines(folder: Path, _: Any) -> Iterator[Row]:
    """Rows out."""
    with (folder / "out.jsonl").open() as file:
        yield from map(json.loads, file)


# datasets


@cache
def open_dataset(folder: Path) -> Any:
    """The input as a dataset on disk, converted before or now; opened once in a process."""
    from datasets import load_dataset

    files = sorted(map(str, (folder / "in").glob("*.parquet")))
    return load_dataset("parquet", data_files=files, split="train", cache_dir=str(folder / "cache"))


def lay_dataset(folder: Path, count: int) -> None:
    """Input rows as Parquet files, converted to the form that `datasets` maps."""
    lay_parquet(folder, count)
    open_dataset(folder)


def map_rows(folder: Path, seconds_a_row: float) -> Any:
    """`map` with a function of one row."""
    return open_dataset(folder).map(partial(work_row, seconds_a_row=seconds_a_row))


def map_columns(folder: Path, seconds_a_row: float) -> Any:
    """`map` with a function of the columns of a batch."""
    return open_dataset(folder).map(partial(work_columns, seconds_a_row=seconds_a_row), batched=True, batch_size=BATCH)


def work_columns(columns: dict[str, Any], *, seconds_a_row: float) -> dict[str, Any]:
    """The work on a batch that is never split into rows."""
    work(len(columns["id"]), seconds_a_row)
    return columns


# Ray


def start_ray(num_cpus: int = 1) -> Any:
    """Ray on this machine alone, on the core of this process; one that runs already stays as it is.

    Where checkpoints are read, actors that hold them take CPUs of their own, and with fewer than 4 nothing moves.
    """
    os.environ.update(_RAY_ENVIRONMENT)
    import ray
    import ray.data

    if not ray.is_initialized():
        ray.init(num_cpus=num_cpus, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray


def checkpoint_by(id_column: str, folder: Path) -> None:
    """Have the next pipelines note finished rows in a folder, and keep the notes when they are done."""
    import ray.data
    from ray.data.checkpoint import CheckpointConfig

    context = ray.data.DataContext.get_current()
    context.checkpoint_config = CheckpointConfig(
        id_column=id_column, checkpoint_path=str(folder), delete_checkpoint_on_success=False
    )


def ray_rows(folder: Path, seconds_a_row: float) -> None:
    """`map` with a function of one row."""
    ray = start_ray()
    checkpoint_by("id", folder / "checkpoint")
    rows = ray.data.read_parquet(str(folder / "in")).map(partial(work_row, seconds_a_row=seconds_a_row))
    rows.write_parquet(str(folder / "out"))


def ray_columns(folder: Path, seconds_a_row: float) -> None:
    """`map_batches` with a function of the columns of a batch."""
    ray = start_ray()
    checkpoint_by("id", folder / "checkpoint")
    function = partial(work_columns, seconds_a_row=seconds_a_row)
    ray.data.read_parquet(str(folder / "in")).map_batches(function, batch_size=BATCH).write_parquet(str(folder / "out"))


def read_parquet(folder: Path, _: Any) -> Iterator[Row]:
    """Rows out."""
    import pyarrow.parquet as pq

    for path in sorted((folder / "out").glob("*.parquet")):
        yield from pq.read_table(path).to_pylist()


PEERS = {
    "plain": {
        ALONE: Side(lay_count, work_alone, read_count),
        "plain loop": Side(lay_lines, plain_loop, read_lines),
    },
    "datasets": {
        "datasets.map": Side(lay_dataset, map_rows, lambda _, dataset: dataset),
        "datasets.map, batched": Side(lay_dataset, map_columns, lambda _, dataset: dataset),
    },
    "ray": {
        "ray map": Side(lay_parquet, ray_rows, read_parquet, many_processes=True),
        "ray map_batches": Side(lay_parquet, ray_columns, read_parquet, many_processes=True),
    },
}
"""Sides by the library that they need."""
