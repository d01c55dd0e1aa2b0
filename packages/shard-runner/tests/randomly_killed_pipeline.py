"""Three stages with fan-out, drops and failures, to be killed at random moments.

    python randomly_killed_pipeline.py FOLDER PLACEMENT

PLACEMENT is one of `PLACEMENTS`. The run lies in `FOLDER/run`. A stage's last act in each call is a line in
`FOLDER/calls.txt` for each row that it worked on: `STAGE ID`, one write a line.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from shard_runner import Done, Dropped, Failed, Outcome, Placement, Row, Source, Stage, StageFn, row_seed, run

ROWS = 30
SHARD_SIZE = 8
SEED = 7
STAGES = ("fan", "judge", "widen")
PLACEMENTS: dict[str, Callable[[], Placement]] = {
    "alone": Placement,
    "workers": lambda: Placement(workers=2),
    "overlap": lambda: Placement(workers=1, overlap=True),
    "ray": lambda: Placement(engine="ray", workers=2, ray_address=os.environ.get("RAY_ADDRESS")),
}


def source_rows() -> list[Row]:
    return [{"id": f"r{i}", "x": i, "note": None if i % 4 else "\0ש"} for i in range(ROWS)]


def note_calls(calls: Path, stage: str, ids: list[str]) -> None:
    handle = os.open(calls, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for row_id in ids:
        os.write(handle, f"{stage} {row_id}\n".encode())
    os.close(handle)


def fan(row: Row) -> Outcome:
    """Row 8 raises (and its batch is halved), multiples of five are dropped, the others give 0 to 3 rows."""
    if row["x"] == 8:
        raise ValueError("eight is broken")
    if row["x"] % 5 == 0:
        return Dropped("five", "a multiple of five")
    draws = [{**row, "id": f"{row['id']}#{k}", "draw": row_seed(SEED, row["id"], str(k))} for k in range(3)]
    return draws[: row["x"] % 4]


def judge(row: Row) -> Outcome:
    if row["x"] == 13:
        return Failed("offline", "the judge is asleep")
    return Dropped("odd-draw", tokens=3) if row["draw"] % 5 == 1 else Done([row], tokens=2)


def widen(row: Row) -> Outcome:
    """Give some rows columns of their own, and values whose types differ from shard to shard."""
    return [{**row, f"column-{row['x'] % 3}": [row["x"]], "odd": "odd" if row["x"] % 2 else 0}]


def make(name: str, function: Callable[[Row], Outcome], calls: Path, pause_s: float) -> Callable[[], StageFn]:
    def work(rows: list[Row]) -> list[Outcome]:
        time.sleep(pause_s)
        outcomes = [function(row) for row in rows]
        note_calls(calls, name, [row["id"] for row in rows])
        return outcomes

    return lambda: work


def pipeline(calls: Path, pause_s: float) -> list[Source | Stage]:
    work = {"fan": fan, "judge": judge, "widen": widen}
    workers = {"judge": 1, "widen": 1}  # one process of a few is enough to start
    stages = [
        Stage(name=name, make=make(name, work[name], calls, pause_s), batch_size=3, workers=workers.get(name))
        for name in STAGES
    ]
    return [Source(name="source", rows=source_rows), *stages]


def run_once(folder: Path, placement: str, pause_s: float = 0.01) -> None:
    where = PLACEMENTS[placement]()
    run(pipeline(folder / "calls.txt", pause_s), folder / "run", seed=SEED, shard_size=SHARD_SIZE, placement=where)


if __name__ == "__main__":
    run_once(Path(sys.argv[1]), sys.argv[2])
