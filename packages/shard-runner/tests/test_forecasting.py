import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from shard_runner import (
    Dropped,
    Failed,
    Outcome,
    PipelineError,
    Row,
    Source,
    Stage,
    Task,
    dry_run,
    forecasts_to_text,
    run,
)

SHARED: dict[str, Any] = {"seed": 0, "shard_size": 2}


def pipeline(
    count: int = 4, limit: float = 0.5, mark: str | None = None, broken: bool = False, samples: int | None = None
) -> list[Any]:
    def work(rows: list[Row]) -> list[Outcome]:
        bad = Failed("offline") if broken else Dropped("dull")
        return [bad if row["x"] == 1 else [{**row, "limit": limit}] for row in rows]

    rows = [{"id": f"n{i}", "x": i} for i in range(count)]
    return [
        Source(name="numbers", rows=lambda: rows, fingerprint=None if mark is None else lambda: mark),
        Stage(name="work", make=lambda: work, config={"limit": limit}, samples=samples),
        Stage(name="after", make=lambda: lambda rows: [[row] for row in rows]),
        Task(name="train", run=lambda context: None, config={"lr": 1}),
    ]


def forecast(steps: list[Any], run_dir: Path, **how: Any) -> dict[str, tuple[str, str]]:
    before = {path: path.stat().st_mtime_ns for path in run_dir.rglob("*")}
    told = {step.name: (step.will, step.why) for step in dry_run(steps, run_dir, **{**SHARED, **how})}
    assert {path: path.stat().st_mtime_ns for path in run_dir.rglob("*")} == before  # nothing was touched
    return told


def test_a_new_folder_has_everything_to_do(tmp_path: Path) -> None:
    told = forecast(pipeline(), tmp_path / "none")
    assert told["numbers"] == ("read", "it was not read yet")
    assert told["work"] == told["train"] == ("run", "it has no output yet")
    assert not (tmp_path / "none").exists()


def test_what_is_up_to_date_is_kept_and_a_source_without_a_fingerprint_has_to_be_read(tmp_path: Path) -> None:
    run(pipeline(mark="m"), tmp_path, **SHARED)
    told = forecast(pipeline(mark="m"), tmp_path)
    assert {will for will, _ in told.values()} == {"keep"}
    told = forecast(pipeline(mark="other"), tmp_path)
    assert told["numbers"] == ("read", "its fingerprint has changed")
    assert told["work"] == ("depends", "rows of numbers may have changed; equal rows are kept")
    run(pipeline(), tmp_path / "plain", **SHARED)
    told = forecast(pipeline(), tmp_path / "plain")
    assert told["numbers"] == ("read", "only reading it tells whether its rows are the same")


@pytest.mark.parametrize("how", [{"shard_size": 0}, {"limit": 0}])
def test_a_dry_run_refuses_what_a_run_does(tmp_path: Path, how: dict[str, Any]) -> None:
    with pytest.raises(PipelineError) as told:
        dry_run(pipeline(), tmp_path, **{**SHARED, **how})
    with pytest.raises(PipelineError, match=re.escape(str(told.value))):
        run(pipeline(), tmp_path, **{**SHARED, **how})


def test_a_changed_setting_is_named_with_what_comes_after_it(tmp_path: Path) -> None:
    run(pipeline(mark="m"), tmp_path, **SHARED)
    told = forecast(pipeline(mark="m", limit=0.6), tmp_path)
    assert told["numbers"][0] == "keep"
    assert told["work"] == ("run", "limit: 0.5 -> 0.6")
    assert told["after"] == ("run", "what work is made from has changed")
    assert forecast(pipeline(mark="m"), tmp_path, seed=1)["numbers"] == ("read", "seed: 0 -> 1")
    told = forecast(pipeline(mark="m", samples=3), tmp_path)
    assert told["work"] == ("run", "samples: None -> 3; those that are there are kept")
    assert told["after"][0] == "depends"


def test_other_inputs_and_another_schema_are_named_as_what_they_are(tmp_path: Path) -> None:
    def steps(*inputs: str, schema: pa.Schema | None = None) -> list[Any]:
        sources = [Source(name=name, rows=lambda name=name: [{"id": name}]) for name in ("a", "b")]
        return [
            *sources,
            Stage(name="work", make=lambda: lambda rows: [[row] for row in rows], inputs=inputs, schema=schema),
        ]

    types = pa.schema([("x", pa.int64()), ("y", pa.string())])
    run(steps("a"), tmp_path, **SHARED)
    assert forecast(steps("a", "b"), tmp_path)["work"] == ("run", "inputs: a -> a, b")
    assert forecast(steps("a", schema=types), tmp_path)["work"] == ("run", "schema: (none) -> x: int64, y: string")
    run(steps("a", schema=types), tmp_path, **SHARED)
    assert forecast(steps("a"), tmp_path)["work"] == ("run", "schema: x: int64, y: string -> (none)")


def test_failed_rows_and_stopped_runs_are_taken_up(tmp_path: Path) -> None:
    run(pipeline(mark="m", broken=True), tmp_path, **SHARED)
    told = forecast(pipeline(mark="m", broken=True), tmp_path)
    assert told["work"] == ("run", "1 failed rows are tried again")
    assert told["after"] == ("depends", "work will be worked on; equal rows are kept, others are worked on")

    def stop(rows: list[Row]) -> list[Outcome]:
        raise KeyboardInterrupt

    stopped = [pipeline(mark="m")[0], Stage(name="work", make=lambda: stop)]
    with pytest.raises(KeyboardInterrupt):
        run(stopped, tmp_path / "stopped", **SHARED)
    run(pipeline(broken=True), tmp_path / "unmarked", **SHARED)
    told = forecast(pipeline(broken=True), tmp_path / "unmarked")
    assert told["work"] == ("run", "1 failed rows are tried again")  # whatever reading the source brings
    told = forecast(stopped, tmp_path / "stopped")
    assert told["work"] == ("go on", "it is not finished; what is there is kept")


@pytest.mark.parametrize(("step", "will"), [("numbers", "read"), ("work", "run")])
def test_files_that_are_missing_or_cut_off_are_seen(tmp_path: Path, step: str, will: str) -> None:
    run(pipeline(mark="m"), tmp_path, **SHARED)
    part = tmp_path / step / "part-00001.parquet"
    whole = part.read_bytes()
    for spoil in (lambda: part.write_bytes(whole[:-5]), part.unlink):
        spoil()
        assert forecast(pipeline(mark="m"), tmp_path)[step] == (will, "files of it are missing or were cut off")


def test_what_a_dry_run_says_is_what_a_run_does(tmp_path: Path) -> None:
    run(pipeline(mark="m"), tmp_path, **SHARED)
    records = {name: next((tmp_path / name).glob("*.json")) for name in ("numbers", "work", "after", "train")}
    written = {name: record.stat().st_mtime_ns for name, record in records.items()}
    changed = pipeline(mark="m", limit=0.7)
    told = forecast(changed, tmp_path)
    run(changed, tmp_path, **SHARED)
    same = {name for name, record in records.items() if record.stat().st_mtime_ns == written[name]}
    assert same == {name for name, (will, _) in told.items() if will == "keep"}
    assert forecasts_to_text(dry_run(changed, tmp_path, **SHARED)).splitlines()[0].split() == [
        "numbers", "keep", "its", "fingerprint", "is", "the", "same:", "4", "rows",
    ]  # fmt: skip
