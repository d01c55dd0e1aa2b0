"""What the accounts of `shard_runner` cost, against `datasets.map` and Ray Data with its checkpointing, in one run.

    uv run --no-sync python tools/bench/ledger.py            two minutes without Ray: small sizes
    uv run --no-sync python tools/bench/ledger.py --full     1,000,000 rows; some minutes
    uv run --no-sync python tools/bench/ledger.py --crashes  the table of crashes alone

Ray's columns say so where it is not installed (`uv sync --group cluster` brings it), and its figures are null.

All sides do the same work on the same rows of five fields (id, path, caption, two numbers): none at all, or 1 ms of
processor time a row. Figures are medians over fresh child processes, all kept on one core. Times are wall times, with
waiting for the disk (`fsync_ms`), less the time that a process stood in line for the core while other programs had it.
Ray, whose own processes stand in line behind each other, has plain wall times; `core_taken` says how much others took,
and Ray's figures mean little where that is much. Ours and the plain loop call fsync after each batch, the peers never.
Input is on disk before the clock runs (`run([source])`, a converted dataset, Parquet files), each side has done a small
run before, and starting Ray is not timed. Peers are timed row by row and in batches of columns of 100, which spares
them from making rows at all. Ray runs one task at a time, on the same core as the rest of it. Rows out must be equal on
all sides.

`rows_per_s` is a stage without work, with batches of 100 rows and shards of 10,000, as one takes for cheap rows;
`rows_per_s_16` with the defaults, 16 and 1,000. `overhead_1ms` is the share of time above that of the calls alone at
1 ms a row, in batches of 100 as the peers have them, `overhead_1ms_16` with the defaults. `time_ratio` is the fastest
peer's time over ours at 1 ms a row in batches of 100, `time_ratio_16` with the defaults. `rerun_s` is a call of `run`
on a finished stage in a fresh process. `memory_growth` is the peak of a fresh process that makes source and stage of
many rows over that of 10,000; `memory_ratio` the peak of `datasets.map` over ours at many rows, both whole processes
(`memory_ratio_plain`: that of the plain loop, which imports nothing). `crashes` is explained in `ledger_crashes.py`.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from ledger_crashes import crash_child, crash_table
from ledger_peers import ALONE, HAS_RAY, PEERS, start_ray
from ledger_rows import BATCH, CALLS, Side, digest, in_child, make_rows, peak_mib, pin, table, timed, work_row
from shard_runner import Source, Stage, read_rows, run

WORK_S = 1e-3
FEW = 10_000
SHARD = 10_000
OURS, OURS_16 = f"ours, batches of {BATCH}, shards of {SHARD:,}", "ours as it comes: 16, 1,000"


def pipeline(folder: Path) -> list[Source | Stage]:
    """A source that need not be read twice."""
    count = int((folder / "count").read_text())
    return [Source(name="photos", rows=lambda: make_rows(count), fingerprint=lambda: str(count))]


def read_source(folder: Path, count: int, *, shard_size: int) -> None:
    """Input rows as a finished source."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "count").write_text(str(count))
    run(pipeline(folder), folder / "run", seed=0, shard_size=shard_size, progress=False)


def run_stage(folder: Path, seconds_a_row: float, *, batch_size: int, shard_size: int) -> None:
    """The stage behind the source."""
    stage = Stage(
        name="captions",
        make=lambda: lambda rows: [[work_row(row, seconds_a_row=seconds_a_row)] for row in rows],
        config={"seconds_a_row": seconds_a_row},
        batch_size=batch_size,
    )
    run([*pipeline(folder), stage], folder / "run", seed=0, shard_size=shard_size, progress=False)


def our_side(batch_size: int, shard_size: int) -> Side:
    """Ours with batches and shards of a size."""
    work = partial(run_stage, batch_size=batch_size, shard_size=shard_size)
    return Side(
        partial(read_source, shard_size=shard_size), work, lambda folder, _: read_rows(folder / "run", "captions")
    )


SIDES = {"ours": {OURS: our_side(BATCH, SHARD), OURS_16: our_side(16, 1000)}, **PEERS}


def times_child(library: str, folder: str, rows: str, slow_rows: str) -> dict[str, Any]:
    """Seconds and digests of all sides of a library, without work and at 1 ms a row."""
    found: dict[str, Any] = {}
    for number, (name, side) in enumerate(SIDES[library].items()):
        place = Path(folder, str(number))
        stage_time(side, place / "warm", 200, 0.0)
        found[name] = {
            "no-op": stage_time(side, place / "fast", int(rows), 0.0),
            "1 ms": stage_time(side, place / "slow", int(slow_rows), WORK_S),
        }
    return found


def stage_time(side: Side, folder: Path, count: int, seconds_a_row: float) -> dict[str, Any]:
    """Seconds of the stage over so many rows, and the digest of the rows out."""
    side.prepare(folder, count)
    done = timed(lambda: side.work(folder, seconds_a_row), many_processes=side.many_processes)
    return {"seconds": done.seconds, "wall_s": done.wall_s, "digest": digest(side.read(folder, done.value))}


def build_child(library: str, name: str, folder: str, rows: str) -> dict[str, float]:
    """Seconds and peak memory of making source and stage without work; the folder stays."""
    side = SIDES[library][name]
    side.prepare(Path(folder), int(rows))
    done = timed(lambda: side.work(Path(folder), 0.0))
    return {"seconds": done.seconds, "peak_mib": peak_mib()}


def rerun_child(library: str, name: str, folder: str) -> dict[str, Any]:
    """Seconds of running a finished stage again, and the rows that were worked on."""
    side = SIDES[library][name]
    if side.many_processes:
        start_ray(num_cpus=4)
        side.work(Path(folder, "warm"), 0.0)
    done = timed(lambda: side.work(Path(folder), 0.0), many_processes=side.many_processes)
    return {"seconds": done.seconds, "rows": CALLS["rows"], "peak_mib": peak_mib()}


def fsync_child(folder: str) -> float:
    """Median milliseconds that the disk takes for the record of a batch."""
    times: list[float] = []
    with Path(folder, "record").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(20_000))
            times.append(timed(lambda: os.fsync(file.fileno())).seconds)
    return statistics.median(times) * 1e3


def libraries() -> list[str]:
    """What is installed."""
    return [library for library in SIDES if library != "ray" or HAS_RAY]


def part_times(rows: int, slow_rows: int, rounds: int) -> dict[str, Any]:
    """Median times of all sides, side by side."""
    found: dict[str, list[Any]] = {}
    fsync_ms: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            fsync_ms.append(in_child("fsync", folder))
        for library in libraries():
            with tempfile.TemporaryDirectory() as folder:
                for name, figures in in_child("times", library, folder, rows, slow_rows).items():
                    found.setdefault(name, []).append(figures)
    seconds = {
        (name, kind): statistics.median(one[kind]["seconds"] for one in figures)
        for name, figures in found.items()
        for kind in ("no-op", "1 ms")
    }
    results = [{one[kind]["digest"] for many in found.values() for one in many} for kind in ("no-op", "1 ms")]
    show_times(found, seconds, rows, slow_rows)
    peers = [name for library, sides in PEERS.items() if library != "plain" for name in sides if name in found]
    fastest = min(peers, key=lambda name: seconds[name, "1 ms"])
    print(f"fastest peer at 1 ms a row: {fastest}; ours in batches of its size is compared with it, then as it comes\n")
    return {
        "time_ratio": round(seconds[fastest, "1 ms"] / seconds[OURS, "1 ms"], 3),
        "time_ratio_16": round(seconds[fastest, "1 ms"] / seconds[OURS_16, "1 ms"], 3),
        "agree": all(len(digests) == 1 for digests in results),
        "rows_per_s": round(rows / seconds[OURS, "no-op"]),
        "rows_per_s_16": round(rows / seconds[OURS_16, "no-op"]),
        "overhead_1ms": overhead(seconds, OURS),
        "overhead_1ms_16": overhead(seconds, OURS_16),
        "fastest_peer": fastest,
        "core_taken": core_taken(found),
        "fsync_ms": round(statistics.median(fsync_ms), 2),
    } | {f"{library}_rows_per_s": peer_speed(library, seconds, rows) for library in PEERS}


def peer_speed(library: str, seconds: dict[tuple[str, str], float], rows: int) -> int | None:
    """Rows a second without work, of the faster way of a peer."""
    times = [seconds[name, "no-op"] for name in PEERS[library] if name != ALONE and (name, "no-op") in seconds]
    return round(rows / min(times)) if times else None


def overhead(seconds: dict[tuple[str, str], float], name: str) -> float:
    """Share of time at 1 ms a row above that of the calls alone."""
    return round(seconds[name, "1 ms"] / seconds[ALONE, "1 ms"] - 1, 4)


def core_taken(found: dict[str, Any]) -> float:
    """Share of the wall time for which other programs had the core, over all that one process did."""
    both = [
        one[kind] for name, many in found.items() if "ray" not in name for one in many for kind in ("no-op", "1 ms")
    ]
    return round(1 - sum(one["seconds"] for one in both) / sum(one["wall_s"] for one in both), 3)


def show_times(found: dict[str, Any], seconds: dict[tuple[str, str], float], rows: int, slow_rows: int) -> None:
    """Print the table of times."""
    lines = [("", "no-op rows/s", "lowest", "highest", "overhead at 1 ms", "lowest", "highest")]
    for name, figures in found.items():
        fast = sorted(rows / one["no-op"]["seconds"] for one in figures)
        slow = sorted(one["1 ms"]["seconds"] / seconds[ALONE, "1 ms"] - 1 for one in figures)
        middle = (rows / seconds[name, "no-op"], overhead(seconds, name))
        cells = [f"{speed:,.0f}" for speed in (middle[0], fast[0], fast[-1])]
        lines.append((name, *cells, *(f"{share:.1%}" for share in (middle[1], slow[0], slow[-1]))))
    if not HAS_RAY:
        lines.append(("ray (not installed)", *["-"] * 6))
    print(f"no-op: {rows:,} rows; 1 ms: {slow_rows:,} rows; one core\n{table(lines)}")


def part_sizes(many: int) -> dict[str, Any]:
    """Memory at few and at many rows, and the time of running a finished stage again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few = in_child("build", "ours", OURS, folder / "few", FEW)
        built = {
            library: in_child("build", library, side, folder / library, many)
            for library, side in (("ours", OURS), ("plain", "plain loop"), ("datasets", "datasets.map"))
        }
        rerun = {library: in_child("rerun", library, side, folder / library) for library, side in (
            ("ours", OURS), ("datasets", "datasets.map"))}  # fmt: skip
        ray_s = rerun_ray(folder / "ray", many) if HAS_RAY else None
    peaks = {library: figures["peak_mib"] for library, figures in built.items()}
    print(f"peak memory, {FEW:,} rows: ours {few['peak_mib']:.0f} MiB; {many:,} rows: ", end="")
    print(", ".join(f"{library} {peak:.0f} MiB" for library, peak in peaks.items()))
    again = {library: figures["seconds"] for library, figures in rerun.items()} | {"ray": ray_s}
    print(f"a finished stage of {many:,} rows again: ", end="")
    print(", ".join(f"{library} {'-' if s is None else f'{s:.2f} s'}" for library, s in again.items()), end="\n\n")
    return {
        "memory_ratio": round(peaks["datasets"] / peaks["ours"], 2),
        "memory_ratio_plain": round(peaks["plain"] / peaks["ours"], 2),
        "memory_growth": round(peaks["ours"] / few["peak_mib"], 2),
        "memory_mib": [round(few["peak_mib"]), round(peaks["ours"])],
        "memory_rows": [FEW, many],
        "rerun_s": round(again["ours"], 2),
        "rerun_rows": many,
        "rerun_worked_on": rerun["ours"]["rows"],
        "rerun_mib": round(rerun["ours"]["peak_mib"]),
        "datasets_rerun_s": round(again["datasets"], 2),
        "ray_rerun_s": None if ray_s is None else round(ray_s, 2),
        "build_rows_per_s": round(many / built["ours"]["seconds"]),
    }


def rerun_ray(folder: Path, rows: int) -> float:
    """Seconds of Ray's pipeline where all rows are checkpointed."""
    in_child("build", "ray", "ray map_batches", folder / "warm", 200)
    in_child("build", "ray", "ray map_batches", folder, rows)
    return in_child("rerun", "ray", "ray map_batches", folder)["seconds"]


CHILDREN = {
    "times": times_child,
    "build": build_child,
    "rerun": rerun_child,
    "fsync": fsync_child,
    "crash": crash_child,
}


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="1,000,000 rows, and longer measurements")
    parser.add_argument("--crashes", action="store_true", help="the table of crashes alone")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        part, *arguments = options.child
        if part != "crash":
            pin()
        print(json.dumps(CHILDREN[part](*arguments)))
        return
    report: dict[str, Any] = {"name": "ledger"}
    if not options.crashes:
        report |= part_times(*((100_000, 10_000, 5) if options.full else (20_000, 2_000, 3)))
        report |= part_sizes(1_000_000 if options.full else 50_000)
    crashes = crash_table(libraries())
    report |= {"agree": report.get("agree", True) and crashes.pop("agree"), "crashes": crashes}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
