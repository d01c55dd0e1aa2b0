"""The table of crashes of `ledger.py`: what a `kill -9` costs each side, and what it loses.

400 rows, 16 a batch; all processes of a side are killed 5 s after work on row 270 began (meanwhile Ray writes what is
ready), and the same command is run until it ends well. Ray reads 8 files of 50 rows, each a block, works in an actor,
as one does with models, and keeps its checkpoints. A side file counts the rows whose work was done. Columns:
`repeated`, work on a row that had been done before; `lost`, rows that should have come out and never do; `doubled`,
rows that come out more than once; `again`, rows that are worked on by one run more after all is done; `runs`, how often
the command was started before that.

Kinds of work: `map`, a row in, a row out; `filter` drops every second row; `fan-out` makes 4 samples of a row (with
`small blocks`, Ray's blocks hold less than the 4 samples of a row, as with large ones they do); `raises`, three rows
raise an exception the first time; `error row`, the function catches that and says so in its own side's way: `Failed`
for ours, a row with an error text for the others, which are `lost` where they are never tried again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ledger_peers import checkpoint_by, open_dataset, start_ray
from ledger_rows import Row, command, environment, table, write_parquet
from shard_runner import Dropped, Failed, Source, Stage, read_rows, run

ROWS, KILL_AT, BATCH, SAMPLES = 400, 270, 16, 4
FAILING = (40, 150, 330)
KINDS = ("map", "filter", "fan-out", "fan-out, small blocks", "raises", "error row")
COLUMNS = ("repeated", "lost", "doubled", "again", "runs")
MOST_RUNS, MOST_S, SETTLE_S = 8, 300, 5


class FlakyError(Exception):
    """What a failing row raises."""


def make_rows() -> list[Row]:
    """Input rows."""
    return [{"id": f"r{number:03}", "caption": f"photo {number}", "sample": 0, "error": ""} for number in range(ROWS)]


def finish(folder: Path, kind: str, row: Row) -> list[Row]:
    """Work on one row: wait to be killed, fail once, or note in the side file that the work is done."""
    number = int(row["id"][1:])
    if number == KILL_AT and (folder / "armed").exists():
        (folder / "reached").touch()
        time.sleep(600)
    if kind in ("raises", "error row") and number in FAILING and row["id"] not in lines_of(folder / "tried"):
        append(folder / "tried", row["id"])
        raise FlakyError(f"row {row['id']} fails once")
    append(folder / "finished", row["id"])
    return rows_out(kind, row)


def rows_out(kind: str, row: Row) -> list[Row]:
    """What should come out of a row."""
    if kind == "filter" and int(row["id"][1:]) % 2:
        return []
    samples = SAMPLES if kind.startswith("fan-out") else 1
    return [{**row, "sample": k, "caption": f"{row['caption']}, sample {k}"} for k in range(samples)]


def append(path: Path, line: str) -> None:
    """One line in one write."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def lines_of(path: Path) -> list[str]:
    """The lines of a file that may not be there yet."""
    return path.read_text().splitlines() if path.exists() else []


# the sides


def run_ours(folder: Path, kind: str) -> None:
    """Source and stage."""

    def caption(rows: list[Row]) -> list[Any]:
        return [our_outcome(folder, kind, row) for row in rows]

    stage = Stage(name="captions", make=lambda: caption, batch_size=BATCH)
    run([Source(name="photos", rows=make_rows), stage], folder / "run", seed=0, progress=False)


def our_outcome(folder: Path, kind: str, row: Row) -> Any:
    """New rows with ids of their own, or why there are none."""
    try:
        made = finish(folder, kind, row)
    except FlakyError as error:
        if kind == "raises":
            raise
        return Failed("flaky", str(error))
    return [{**one, "id": f"{one['id']}#{one['sample']}"} for one in made] or Dropped("odd")


def read_ours(folder: Path) -> list[Row]:
    """Rows out."""
    return [{**row, "id": row["id"].split("#")[0]} for row in read_rows(folder / "run", "captions")]


def finish_batch(folder: Path, kind: str, rows: Iterable[Row]) -> list[Row]:
    """A peer's batch: the rows of all rows; an error becomes a row where the function catches it."""
    made: list[Row] = []
    for row in rows:
        try:
            made += finish(folder, kind, row)
        except FlakyError as error:
            if kind == "raises":
                raise
            made.append({**row, "error": str(error)})
    return made


def map_columns(columns: dict[str, list[Any]], *, folder: str, kind: str) -> dict[str, list[Any]]:
    """A batch of `datasets`."""
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    made = finish_batch(Path(folder), kind, rows)
    return {name: [row[name] for row in made] for name in columns}


def run_datasets(folder: Path, kind: str) -> None:
    """`map` of a dataset on disk, and its rows as Parquet."""
    made = open_dataset(folder).map(
        map_columns, batched=True, batch_size=BATCH, fn_kwargs={"folder": str(folder), "kind": kind}
    )
    made.to_parquet(folder / "out" / "rows.parquet")


class RayStage:
    """An actor of Ray, which would hold the model."""

    def __init__(self, folder: str, kind: str) -> None:
        self.folder, self.kind = Path(folder), kind

    def __call__(self, batch: Any) -> Any:
        """An Arrow table to another one."""
        import pyarrow as pa

        return pa.Table.from_pylist(finish_batch(self.folder, self.kind, batch.to_pylist()), schema=batch.schema)


def run_ray(folder: Path, kind: str) -> None:
    """Read, work, write, with checkpoints by the id that rows come in with, for no other is allowed."""
    ray = start_ray(num_cpus=4)
    checkpoint_by("id", folder / "checkpoint")
    context = ray.data.DataContext.get_current()
    context.target_min_block_size = 1  # each file is a block, as large files are
    if kind == "fan-out, small blocks":
        context.target_max_block_size = 100
    rows = ray.data.read_parquet(str(folder / "in"))
    made = rows.map_batches(
        RayStage, fn_constructor_args=(str(folder), kind), batch_size=BATCH, batch_format="pyarrow", concurrency=1
    )
    made.write_parquet(str(folder / "out"))


def read_out(folder: Path) -> list[Row]:
    """Rows in the Parquet files of a peer."""
    import pyarrow.parquet as pq

    return [row for path in sorted((folder / "out").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


RUNS = {"ours": run_ours, "datasets": run_datasets, "ray": run_ray}
READS = {"ours": read_ours, "datasets": read_out, "ray": read_out}


def crash_child(library: str, kind: str, folder: str) -> dict[str, Any]:
    """One run of a side in this process."""
    RUNS[library](Path(folder), kind)
    return {}


# killing and counting


def crash_table(libraries: Sequence[str]) -> dict[str, Any]:
    """Kill every side at every kind of work; print and return what it costs, and whether ours lost nothing."""
    found: dict[str, Any] = {}
    lines = [("kill -9 at row 270 of 400", *COLUMNS)]
    for kind in KINDS:
        for library in libraries:
            if library == "plain" or (library != "ray" and kind == "fan-out, small blocks"):
                continue
            with tempfile.TemporaryDirectory() as folder:
                figures = crash(library, kind, Path(folder))
            found.setdefault(library, {})[kind] = figures
            lines.append((f"{kind}: {library}", *(str(figures[column]) for column in COLUMNS)))
            print(lines[-1], flush=True)
    print(table(lines))
    return found | {"agree": all(not ours["lost"] and not ours["doubled"] for ours in found["ours"].values())}


def crash(library: str, kind: str, folder: Path) -> dict[str, int]:
    """Kill one side once, run it until it ends well, and once more."""
    write_parquet(folder / "in", make_rows(), rows_a_file=50)
    (folder / "out").mkdir()
    (folder / "armed").touch()
    runs = run_to_the_end(library, kind, folder)
    if kind in ("raises", "error row"):  # rows that failed are tried again by the next run, if ever
        run_once(library, kind, folder)
        runs += 1
    work = Counter(lines_of(folder / "finished"))
    run_once(library, kind, folder)
    again = Counter(lines_of(folder / "finished")).total() - work.total()
    out = Counter((row["id"], row["sample"], row["caption"]) for row in READS[library](folder) if not row["error"])
    wanted = {(one["id"], one["sample"], one["caption"]) for row in make_rows() for one in rows_out(kind, row)}
    lost, doubled = len(wanted - set(out)), out.total() - len(out)
    return dict(zip(COLUMNS, (work.total() - len(work), lost, doubled, again, runs), strict=True))


def run_to_the_end(library: str, kind: str, folder: Path) -> int:
    """Start the command until it ends well after it was killed; return how often."""
    for count in range(1, MOST_RUNS + 1):
        ended_well = run_once(library, kind, folder)
        if ended_well and (folder / "armed").exists():
            raise RuntimeError(f"{library}, {kind}: never came to row {KILL_AT}")
        if ended_well:
            return count
    raise RuntimeError(f"{library}, {kind}: did not end well in {MOST_RUNS} runs:\n{(folder / 'stderr').read_text()}")


def run_once(library: str, kind: str, folder: Path) -> bool:
    """One run; killed as soon as it works on the row of doom, where that is armed. Tells whether it ended well."""
    with (folder / "stderr").open("w") as errors:
        process = subprocess.Popen(
            command("crash", library, kind, folder), stdout=subprocess.DEVNULL, stderr=errors, env=environment()
        )
        end = time.monotonic() + MOST_S
        while process.poll() is None:
            if time.monotonic() > end:
                kill_tree(process.pid)
                raise RuntimeError(f"{library}, {kind}: a run took more than {MOST_S} s")
            if (folder / "reached").exists():
                time.sleep(SETTLE_S)
                kill_tree(process.pid)
                (folder / "reached").unlink()
                (folder / "armed").unlink()
            time.sleep(0.02)
    return process.returncode == 0


def kill_tree(pid: int) -> None:
    """`kill -9` a process and all that it started."""
    for one in [pid, *descendants(pid)]:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Processes that a process started, and those that they started."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found, todo = list[int](), [pid]
    while todo:
        parent = todo.pop()
        children = [child for child, its_parent in parents.items() if its_parent == parent]
        found += children
        todo += children
    return found
