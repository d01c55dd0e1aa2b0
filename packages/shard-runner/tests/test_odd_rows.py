"""Rows and ids that nobody expects: huge, hostile, repeated; and samples of rows."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shard_runner import (
    Dropped,
    Failed,
    Outcome,
    Placement,
    Row,
    Source,
    Stage,
    explain,
    read_rows,
    run,
    stage_folder,
    status,
    steps_to_text,
)
from shard_runner.ledger import read_entries
from shard_runner.verdicts import sound

LARGE_ROWS = """
import base64, random, resource, sys
from pathlib import Path
from shard_runner import Source, Stage, read_rows, run

def rows(count):
    for number in range(count):
        yield {"id": f"r{number}", "text": base64.b64encode(random.Random(number).randbytes(7_500_000)).decode()}

def peak_mb(count):
    same = [Stage(name=name, make=lambda: lambda rows: [[row] for row in rows], batch_size=1) for name in ("a", "b")]
    source = Source(name="source", rows=lambda: rows(count))
    run([source, *same], Path(sys.argv[1]) / str(count), seed=0, shard_size=1)
    assert [len(row["text"]) for row in read_rows(Path(sys.argv[1]) / str(count), "b")] == [10_000_000] * count
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

print(peak_mb(2), peak_mb(7))
"""


def test_rows_of_ten_megabytes_take_the_memory_of_a_shard_however_many_they_are(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LARGE_ROWS, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    few, many = map(float, done.stdout.split())
    assert many - few < 30, f"{few} MB for 2 rows, {many} MB for 7"  # five rows more are 50 MB


ODD_IDS = [
    "a/b",
    "../../etc/passwd",
    "/",
    "👩‍🚀 שלום",
    "two\nlines\r\n",
    "\u2028\u2029\x85",
    "nul\0in it",
    "\0",
    " ",
    "'; drop table rows; --",
    "#",
    "a#0",
    "%s{0}",
    "\ud83d",
    "lone \udfff in it",
    "x" * 10_000,
    "a.parquet",
    "é",
    "e\u0301",  # looks the same, and is another
    "nan",
    "null",
]


def odd_pipeline(ids: list[str]) -> list[Source | Stage]:
    def make_first() -> Any:
        def first(rows: list[Row]) -> list[Outcome]:
            outcomes: list[Outcome] = []
            for row in rows:
                if row["x"] % 3 == 2 and "#" in row["id"]:
                    raise ValueError(f"can't do {row['id']}")
                outcomes.append([{**row, "id": f"{row['id']}#{k}"} for k in range(2)])
            return outcomes

        return first

    def make_second() -> Any:
        return lambda rows: [Dropped("odd", row["id"]) if row["x"] % 2 else [row] for row in rows]

    source = Source(name="source", rows=lambda: [{"id": row_id, "x": x} for x, row_id in enumerate(ids)])
    return [
        source,
        Stage(name="first", make=make_first, batch_size=4),
        Stage(name="second", make=make_second, batch_size=4, workers=1),
    ]


def expected_of(ids: list[str]) -> dict[str, list[str]]:
    """Return what `odd_pipeline` does with rows of these ids, in order."""
    failed = [row_id for x, row_id in enumerate(ids) if x % 3 == 2 and "#" in row_id]
    made = [(f"{row_id}#{k}", x) for x, row_id in enumerate(ids) if row_id not in failed for k in range(2)]
    done, dropped = ([row_id for row_id, x in made if x % 2 == parity] for parity in (0, 1))
    return {"done": done, "dropped": list(map(sound, dropped)), "failed": list(map(sound, failed))}


def outcome_of(run_dir: Path) -> dict[str, list[str]]:
    """Return the ids of rows that came through, were dropped or failed; none where the accounts are wrong."""
    if not all(account.adds_up and account.finished for account in status(run_dir)):
        return {}
    done = [row["id"] for row in read_rows(run_dir, "second")]
    return {
        "done": done,
        "dropped": refused(run_dir, "second", "dropped"),
        "failed": refused(run_dir, "first", "failed"),
    }


def refused(run_dir: Path, stage: str, state: str) -> list[str]:
    path = stage_folder(run_dir, stage) / f"{state}.parquet"
    return [row["id"] for row in pq.read_table(path).to_pylist()] if path.exists() else []


def test_ids_of_any_kind_come_through_worker_processes(tmp_path: Path) -> None:
    run(odd_pipeline(ODD_IDS), tmp_path, seed=0, shard_size=5, placement=Placement(workers=2))
    assert outcome_of(tmp_path) == expected_of(ODD_IDS)
    for x, row_id in enumerate(ODD_IDS):
        steps = explain(tmp_path, row_id)
        assert [step.id for step in steps[:2]] == [row_id, row_id]
        if steps[1].state == "done":
            assert [step.id for step in steps[2:]] == [f"{row_id}#0", f"{row_id}#1"]
            assert {step.state for step in steps[2:]} == {"dropped" if x % 2 else "done"}
        sound(steps_to_text(steps)).encode()
    run(odd_pipeline(ODD_IDS), tmp_path, seed=0, shard_size=5)  # in this process: only the failed ones are tried again
    assert outcome_of(tmp_path) == expected_of(ODD_IDS)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.text(st.characters(), min_size=1), min_size=1, max_size=8, unique=True))
def test_ids_of_any_text_come_through(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    run_dir = tmp_path_factory.mktemp("run")
    run(odd_pipeline(ids), run_dir, seed=0, shard_size=3, max_failed_share=1.0)
    assert outcome_of(run_dir) == expected_of(ids)


def test_ids_repeated_across_shards_and_inputs_are_dropped_wherever_the_cuts_fall(tmp_path: Path) -> None:
    ones = Source(name="ones", rows=lambda: [{"id": row_id, "of": 1} for row_id in "abcdea"])
    twos = Source(name="twos", rows=lambda: [{"id": row_id, "of": 2} for row_id in "xbyxe"])
    made: list[list[Row]] = []
    for shard_size in (1, 2, 3, 100):
        called: list[str] = []

        def work(rows: list[Row], called: list[str] = called) -> list[Outcome]:
            called.extend(row["id"] for row in rows)
            return [[row] for row in rows]

        both = Stage(name="both", make=lambda work=work: work, inputs=("ones", "twos"), batch_size=2)
        run_dir = tmp_path / str(shard_size)
        first, second, account = run([ones, twos, both], run_dir, seed=0, shard_size=shard_size).accounts
        assert (first.dropped, second.dropped) == ({"duplicate_id": 1}, {"duplicate_id": 1})
        assert (account.rows_in, account.done, account.dropped) == (9, 7, {"duplicate_id": 2})
        assert called == list("abcdexy")
        refused = pq.read_table(stage_folder(run_dir, "both") / "dropped.parquet").to_pylist()
        assert [row["detail"] for row in refused] == [
            "another row with the id 'b' comes before it",
            "another row with the id 'e' comes before it",
        ]
        made.append(list(read_rows(run_dir, "both")))
    assert made == [made[0]] * 4


# samples


def asked(samples: int, seen: list[str], stop_at: str | None = None) -> list[Source | Stage]:
    def work(rows: list[Row]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for row in rows:
            if row["id"] == stop_at:
                raise KeyboardInterrupt
            seen.append(row["id"])
            refused = Dropped("even") if row["sample"] == 2 else Failed("busy") if row["id"] == "r1#3" else None
            outcomes.append(refused or [{**row, "text": f"{row['x']}.{row['sample']}"}])
        return outcomes

    source = Source(name="source", rows=lambda: [{"id": f"r{i}", "x": i} for i in range(3)])
    return [source, Stage(name="ask", make=lambda: work, samples=samples, batch_size=1)]


def test_each_sample_of_a_row_is_a_unit_of_its_own(tmp_path: Path) -> None:
    seen: list[str] = []
    account = run(asked(4, seen), tmp_path, seed=0, shard_size=2).accounts[1]
    assert seen == [f"r{i}#{k}" for i in range(3) for k in range(4)]
    assert (account.rows_in, account.done, account.dropped, account.failed) == (12, 8, {"even": 3}, {"busy": 1})
    entries = [entry for index in (0, 1) for entry in read_entries(stage_folder(tmp_path, "ask"), index)]
    assert [(entry.id, entry.state) for entry in entries][4:8] == [
        ("r1#0", "done"), ("r1#1", "done"), ("r1#2", "dropped"), ("r1#3", "failed")
    ]  # fmt: skip
    assert [(row["id"], row["sample"], row["text"]) for row in read_rows(tmp_path, "ask")][:3] == [
        ("r0#0", 0, "0.0"), ("r0#1", 1, "0.1"), ("r0#3", 3, "0.3")
    ]  # fmt: skip


def test_more_samples_pay_for_the_new_ones_only_and_fewer_for_none(tmp_path: Path) -> None:
    seen: list[str] = []
    run(asked(4, seen), tmp_path / "run", seed=0, shard_size=2)
    seen.clear()
    run(asked(6, seen), tmp_path / "run", seed=0, shard_size=2)
    assert seen == ["r0#4", "r0#5", "r1#3", "r1#4", "r1#5", "r2#4", "r2#5"]  # and what had failed
    run(asked(6, []), tmp_path / "whole", seed=0, shard_size=2)
    made, expected = (list(read_rows(tmp_path / name, "ask")) for name in ("run", "whole"))
    assert made == expected
    seen.clear()
    account = run(asked(2, seen), tmp_path / "run", seed=0, shard_size=2).accounts[1]
    assert (seen, account.rows_in, account.done) == ([], 6, 6)


def test_a_run_that_is_stopped_between_samples_of_a_row_keeps_the_finished_ones(tmp_path: Path) -> None:
    seen: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run(asked(4, seen, stop_at="r1#2"), tmp_path, seed=0, shard_size=2)
    assert seen == ["r0#0", "r0#1", "r0#2", "r0#3", "r1#0", "r1#1"]
    account = status(tmp_path)[1]
    assert (account.finished, account.rows_in, account.settled, account.pending) == (False, 12, 6, 6)
    seen.clear()
    run(asked(4, seen), tmp_path, seed=0, shard_size=2)
    assert seen == ["r1#2", "r1#3", "r2#0", "r2#1", "r2#2", "r2#3"]
