"""Rows, work and child processes that all sides of `ledger.py` have in common."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]
ROWS_A_FILE = 100_000
BATCH = 100
CALLS = Counter[str]()
"""Rows that this process worked on."""
_SCRIPT = Path(__file__).with_name("ledger.py")
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "PYTHONDONTWRITEBYTECODE": "",  # imports inside a measured call are those of an installed package
}


@dataclass(frozen=True)
class Side:
    """One way of doing the stage."""

    prepare: Callable[[Path, int], None]
    """Lays so many input rows in a folder, before the clock runs."""
    work: Callable[[Path, float], Any]
    """The stage over the rows of that folder, given the seconds that a row takes; what it returns goes to `read`."""
    read: Callable[[Path, Any], Iterable[Row]]
    """The rows that came out."""
    many_processes: bool = False
    """Whether other processes than the one that is measured do the work."""


def make_rows(count: int) -> Iterator[Row]:
    """Rows as stages that make captions see them."""
    for index in range(count):
        yield {
            "id": f"photo-{index:07}",
            "image": f"photos/{index % 1000:03}/{index:07}.jpg",
            "caption": f"A {('red', 'green', 'blue')[index % 3]} bicycle leans on wall {index} beside a wooden bench.",
            "light": (index * 7919 % 1000) / 1000,
            "width_px": 320 + index % 640,
        }


def work_row(row: Row, *, seconds_a_row: float) -> Row:
    """The work on one row: none at all, or busy waiting."""
    work(1, seconds_a_row)
    return row


def work(rows: int, seconds_a_row: float) -> None:
    """Be busy for so many rows, in processor time: a sleep would overshoot, and others may take the core meanwhile."""
    CALLS["rows"] += rows
    for _ in range(rows if seconds_a_row else 0):
        end = time.thread_time() + seconds_a_row
        while time.thread_time() < end:
            pass


@dataclass(frozen=True)
class Timed:
    """What a call took."""

    value: Any
    seconds: float
    """On a core of its own: wall time, less the time that the process waited in line for the core."""
    wall_s: float


def timed(call: Callable[[], Any], *, many_processes: bool = False) -> Timed:
    """Time a call; where many processes work, waiting for each other is theirs, so the wall time stands."""
    wall, line, busy = time.perf_counter(), _in_line_s(), time.process_time()
    value = call()
    wall, line, busy = time.perf_counter() - wall, _in_line_s() - line, time.process_time() - busy
    return Timed(value, wall if many_processes else max(wall - line, busy), wall)


def _in_line_s() -> float:
    """Time that the main thread was ready to run and something else had the core (Linux)."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


def write_parquet(folder: Path, rows: Iterable[Row], *, rows_a_file: int = ROWS_A_FILE) -> None:
    """Write rows as Parquet files of so many rows each; files that are there already stay."""
    from itertools import islice

    import pyarrow as pa
    import pyarrow.parquet as pq

    if folder.exists():
        return
    folder.mkdir(parents=True)
    left, number = iter(rows), 0
    while batch := list(islice(left, rows_a_file)):
        pq.write_table(pa.Table.from_pylist(batch), folder / f"{number:05}.parquet")
        number += 1


def digest(rows: Iterable[Row]) -> str:
    """A fingerprint of rows that does not depend on their order; repeated rows count."""
    total = 0
    for row in rows:
        text = json.dumps(row, sort_keys=True).encode()
        total += int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")
    return f"{total % 2**128:032x}"


def peak_mib() -> float:
    """Largest resident memory of this process since it was started."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def pin() -> None:
    """Keep this process, and those that it will start, on one core: the last one that it may use."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def command(*arguments: Any) -> list[str]:
    """The command line of a child process."""
    return [sys.executable, str(_SCRIPT), "--child", *map(str, arguments)]


def environment() -> dict[str, str]:
    """The environment of a child process."""
    return os.environ | _ENVIRONMENT


def in_child(*arguments: Any) -> Any:
    """Run a part in a fresh process on one core, and return what it printed as JSON in its last line."""
    done = subprocess.run(command(*arguments), check=True, stdout=subprocess.PIPE, env=environment())
    return json.loads(done.stdout.splitlines()[-1])


def table(lines: Sequence[Sequence[str]]) -> str:
    """Cells as text, the first column to the left and the others to the right."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]).rstrip()
        for line in lines
    )
