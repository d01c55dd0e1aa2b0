"""A pipeline with every kind of step, run in children that are killed at chosen moments; started by test_kill.py."""

import os
import signal
import sys
import time
from pathlib import Path

import pyarrow as pa
from shard_runner import Dropped, Outcome, Row, Source, Stage, StageFn, Step, Task, TaskContext, row_seed, run
from shard_runner.record import installed_versions

ROWS = 23
BATCH = 3
_DISK = {"open", "os.rename", "os.remove", "os.rmdir", "os.link", "os.mkdir", "os.truncate"}


def source_rows() -> list[Row]:
    return [{"id": f"r{i}", "x": i, "tags": ["a"] * (i % 3), "note": None if i % 4 else "\0ש"} for i in range(ROWS)]


def note_calls(calls: Path, stage: str, rows: list[Row]) -> None:
    with calls.open("a") as file:
        file.writelines(f"{stage} {row['id']}\n" for row in rows)


def pipeline(calls: Path, pause: float = 0.0) -> list[Step]:
    def make_fan() -> StageFn:
        def fan(rows: list[Row]) -> list[Outcome]:
            if all(row["x"] != 8 for row in rows):  # counted unless the batch is about to be split
                note_calls(calls, "fan", rows)
            time.sleep(pause)
            outcomes: list[Outcome] = []
            for row in rows:
                if row["x"] == 8:
                    raise ValueError("eight is broken")
                draws = [{**row, "id": f"{row['id']}#{k}", "draw": row_seed(7, row["id"], str(k))} for k in range(3)]
                outcomes.append(Dropped("five", "a multiple of five") if row["x"] % 5 == 0 else draws[: row["x"] % 4])
            return outcomes

        return fan

    def make_widen() -> StageFn:
        def widen(rows: list[Row]) -> list[Outcome]:
            note_calls(calls, "widen", rows)
            time.sleep(pause)
            return [
                [{**row, f"column-{row['x'] % 3}": [row["x"]], "odd": "odd" if row["x"] % 2 else 0}] for row in rows
            ]

        return widen

    def make_first() -> StageFn:
        def first_of_each(rows: list[Row]) -> list[Outcome]:
            time.sleep(pause)
            seen: set[int] = set()
            return [
                Dropped("seen") if r["x"] in seen else (seen.add(r["x"]), [{**r, "all": len(rows)}])[1] for r in rows
            ]

        return first_of_each

    def count(context: TaskContext) -> None:
        time.sleep(pause)
        (context.folder / "count.txt").write_text(str(len(list(context.read_rows("first")))))

    return [
        Source(name="source", rows=source_rows),
        Stage(name="fan", make=make_fan, batch_size=BATCH),
        Stage(name="widen", make=make_widen, batch_size=BATCH),
        Stage(name="first", make=make_first, whole_input=True),
        Task(name="count", run=count),
    ]


def run_once(folder: Path, pause: float = 0.0) -> None:
    run(pipeline(folder / "calls.txt", pause), folder / "run", seed=7, shard_size=7)


def die_at(event_number: int) -> None:
    """Kill this process at its n-th step towards the disk."""
    left = event_number

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in _DISK and "/run" in str(arguments[0]):
            step()

    fsync = os.fsync

    def counted_fsync(handle: int) -> None:
        step()
        fsync(handle)

    sys.addaudithook(hook)
    os.fsync = counted_fsync


def killed_at(folder: Path, event_number: int) -> bool:
    """Run in a child that dies at its n-th step towards the disk; False when it was done before."""
    child = os.fork()
    if child == 0:
        die_at(event_number)
        run_once(folder)
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    if not os.WIFSIGNALED(ended) and os.WEXITSTATUS(ended):
        sys.exit("a child failed")
    return os.WIFSIGNALED(ended)


if __name__ == "__main__":
    mode, place = sys.argv[1], Path(sys.argv[2])
    if mode == "slowly":
        run_once(place, pause=0.02)
    else:
        pa.array([1])  # loads what every child would have to load again
        installed_versions()
        start, stride = int(sys.argv[3]), int(sys.argv[4])
        kills = 0
        while killed_at(place, start + kills * stride):
            kills += 1
        print(kills)
