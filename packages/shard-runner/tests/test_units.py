from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from shard_runner import (
    Done,
    LedgerError,
    Outcome,
    PipelineError,
    Placement,
    Row,
    Source,
    Stage,
    StageError,
    StageFn,
    TooManyFailed,
    explain,
    read_rows,
    run,
    steps_to_text,
)
from shard_runner.shard import Shard


def numbers(count: int) -> Source:
    return Source(name="numbers", rows=lambda: [{"id": f"n{i}", "x": i} for i in range(count)])


def keep(name: str, **how: Any) -> Stage:
    return Stage(name=name, make=lambda: lambda rows: [[row] for row in rows], **how)


def test_explain_follows_a_row_into_its_samples(tmp_path: Path) -> None:
    run([numbers(3), keep("draw", samples=2), keep("judge")], tmp_path, seed=0)
    assert steps_to_text(explain(tmp_path, "n1")).splitlines() == [
        "numbers  n1  done -> n1",
        "draw     n1#0  done -> n1#0",
        "draw     n1#1  done -> n1#1",
        "judge    n1#0  done -> n1#0",
        "judge    n1#1  done -> n1#1",
    ]
    assert [(step.stage, step.id) for step in explain(tmp_path, "n1#1")] == [
        ("numbers", "n1"), ("draw", "n1#1"), ("judge", "n1#1")
    ]  # fmt: skip


def test_early_failures_do_not_stop_a_stage_whose_input_is_still_at_work(tmp_path: Path) -> None:
    def fail_first(rows: list[Row]) -> list[Outcome]:
        if rows[0]["x"] < 10:
            raise ValueError("early")
        return [[row] for row in rows]

    pipeline = [numbers(60), keep("first"), Stage(name="second", make=lambda: fail_first, batch_size=1)]
    summary = run(pipeline, tmp_path, seed=0, shard_size=10, placement=Placement(overlap=True))
    assert summary.accounts[2].failed == {"ValueError": 10}


@pytest.mark.parametrize("overlap", [False, True])
def test_more_failures_than_may_be_stop_a_stage_however_late_that_is_known(tmp_path: Path, overlap: bool) -> None:
    settled = str(tmp_path / "run" / "second.next" / "ledger" / "00000.parquet")

    def make_first() -> StageFn:
        import os
        import time

        from shard_runner import Dropped

        def first(rows: list[Row]) -> list[Outcome]:
            while overlap and rows[0]["x"] >= 30 and not os.path.exists(settled):
                time.sleep(0.05)  # the second stage has worked on all its rows, and does not know it yet
            return [[row] if row["x"] < 10 else Dropped("late") for row in rows]

        return first

    def fail(rows: list[Row]) -> list[Outcome]:
        raise ValueError("offline")

    first = Stage(name="first", make=make_first, batch_size=10)
    pipeline = [numbers(40), first, Stage(name="second", make=lambda: fail), keep("third")]
    with pytest.raises(TooManyFailed, match="stage 'second' stopped: more rows failed than max_failed_share allows"):
        run(pipeline, tmp_path / "run", seed=0, shard_size=10, placement=Placement(overlap=overlap))
    assert not (tmp_path / "run" / "second").exists()
    assert not (tmp_path / "run" / "third").exists()


def test_one_row_that_is_too_large_leaves_the_others_their_batches(tmp_path: Path) -> None:
    sizes: list[int] = []

    def work(rows: list[Row]) -> list[Outcome]:
        sizes.append(len(rows))
        if any(row["x"] == 5 for row in rows):
            raise MemoryError
        return [[row] for row in rows]

    run([numbers(64), Stage(name="work", make=lambda: work)], tmp_path, seed=0)
    assert Counter(sizes)[16] == 4  # the first try of the first batch, and the other three
    assert len(list(read_rows(tmp_path, "work"))) == 63


@pytest.mark.parametrize("value", [10**5000, [[]] * 2], ids=["digits", "flat"])
def test_a_number_too_long_for_json_fails_its_row_only(tmp_path: Path, value: Any) -> None:
    def work(rows: list[Row]) -> list[Outcome]:
        return [[{**row, "v": value if row["x"] == 1 else 0}] for row in rows]

    account = run([numbers(3), Stage(name="work", make=lambda: work)], tmp_path, seed=0).accounts[1]
    assert account.failed == ({"not_plain": 1} if isinstance(value, int) else {})


@pytest.mark.parametrize(("depth", "failed"), [(60, {}), (600, {"not_plain": 1})])
def test_values_nested_too_deep_fail_their_row_only(tmp_path: Path, depth: int, failed: dict[str, int]) -> None:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    work: StageFn = lambda rows: [[{**row, "v": value if row["x"] == 1 else 0}] for row in rows]  # noqa: E731
    account = run([numbers(3), Stage(name="work", make=lambda: work)], tmp_path, seed=0).accounts[1]
    assert account.failed == failed
    if not failed:
        assert list(read_rows(tmp_path, "work"))[1]["v"] == value


@pytest.mark.parametrize("tokens", [None, "x", -1, 2**70, True, 1.5])
def test_tokens_that_are_no_count_are_the_stages_fault(tmp_path: Path, tokens: Any) -> None:
    stage = Stage(name="work", make=lambda: lambda rows: [Done([row], tokens) for row in rows])
    with pytest.raises(StageError, match="stage 'work': tokens must be a whole number of 0 or more; got"):
        run([numbers(1), stage], tmp_path, seed=0)


def test_an_error_that_has_no_words_is_a_rows_error_all_the_same(tmp_path: Path) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    def work(rows: list[Row]) -> list[Outcome]:
        raise Mute

    account = run([numbers(1), Stage(name="work", make=lambda: work)], tmp_path, seed=0, max_failed_share=1).accounts[1]
    assert account.failed == {"Mute": 1}


def test_what_make_raises_names_the_stage(tmp_path: Path) -> None:
    def make() -> StageFn:
        raise OSError("no model folder /m")

    with pytest.raises(OSError, match="no model folder /m") as caught:
        run([numbers(1), Stage(name="work", make=make)], tmp_path, seed=0)
    assert caught.value.__notes__ == ["while stage 'work' was made ready"]


def test_an_input_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="inputs of 'work' name one twice"):
        run([numbers(1), keep("work", inputs=("numbers", "numbers"))], tmp_path, seed=0)


def test_a_shard_of_a_large_part_reads_little_more_than_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[int] = []
    load = Shard.load

    def counting(shard: Shard, run_dir: Path) -> Any:
        tables = load(shard, run_dir)
        loaded.append(sum(table.num_rows for table in tables))
        return tables

    monkeypatch.setattr(Shard, "load", counting)
    monkeypatch.setattr("shard_runner.disk._GROUP_ROWS", 100)
    run([numbers(1000), keep("all", whole_input=True), keep("after")], tmp_path, seed=0, shard_size=100)
    assert loaded == [1000] + [100] * 10
    assert [row["x"] for row in read_rows(tmp_path, "after")] == list(range(1000))


@pytest.mark.parametrize("samples", [None, 3])
def test_units_of_a_shard_are_the_same_however_they_are_cut(tmp_path: Path, samples: int | None) -> None:
    run([numbers(7), keep("work")], tmp_path, seed=0, shard_size=3)
    from shard_runner.shard import Slice

    shard = Shard(0, (Slice("work", 0, 1, 3), Slice("work", 1, 0, 3), Slice("work", 2, 0, 1)), frozenset(), "", samples)
    tables = shard.load(tmp_path)
    whole = shard.units_of(tables, 0, shard.units)
    assert len(whole) == shard.units == 6 * (samples or 1)
    assert len(shard.read_keys(tmp_path)) == len(set(shard.read_keys(tmp_path))) == shard.units
    for start in range(shard.units):
        for stop in range(start, shard.units + 1):
            assert shard.units_of(tables, start, stop) == whole[start:stop]


@pytest.mark.parametrize("name", ["part-00001.parquet", "ledger/00001.parquet"])
def test_a_finished_file_that_was_cut_off_is_told_and_its_shard_done_again(tmp_path: Path, name: str) -> None:
    seen: list[str] = []

    def work(rows: list[Row]) -> list[Outcome]:
        seen.extend(row["id"] for row in rows)
        return [[row] for row in rows]

    pipeline = [numbers(9), Stage(name="work", make=lambda: work), keep("after")]
    run(pipeline, tmp_path, seed=0, shard_size=3)
    path = tmp_path / "work" / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(
        LedgerError, match=r"00001\.parquet is damaged .*; delete it and run the pipeline again"
    ) as told:
        run(pipeline, tmp_path, seed=0, shard_size=3)
    Path(str(told.value).split(" is damaged")[0]).unlink()
    path.unlink(missing_ok=True)
    seen.clear()
    run(pipeline, tmp_path, seed=0, shard_size=3)
    assert seen == ["n3", "n4", "n5"]
    assert path.read_bytes() == whole
