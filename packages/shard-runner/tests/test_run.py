import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shard_runner import (
    Dropped,
    Failed,
    LedgerError,
    Outcome,
    PipelineError,
    Row,
    RunFolderBusy,
    Source,
    Stage,
    StageError,
    Task,
    TaskContext,
    TooManyFailed,
    explain,
    read_rows,
    run,
    stage_folder,
    status,
    steps_to_text,
)


def numbers(count: int) -> Source:
    return Source(name="numbers", rows=lambda: [{"id": f"n{i}", "x": i} for i in range(count)])


def each(function: Callable[[Row], Outcome], seen: list[str] | None = None, **named: Any) -> Stage:
    def work(rows: list[Row]) -> list[Outcome]:
        if seen is not None:
            seen.extend(row["id"] for row in rows)
        return [function(row) for row in rows]

    return Stage(make=lambda: work, **{"name": "work", **named})


def same(row: Row) -> Outcome:
    return [row]


def test_every_row_is_done_dropped_or_failed(tmp_path: Path) -> None:
    outcomes: list[Outcome] = [[], [{"id": "a"}, {"id": "b"}], Dropped("dull", "why"), Failed("corrupt", "bytes")]
    stage = each(lambda row: outcomes[row["x"] % 4], batch_size=3)
    account = run([numbers(8), stage], tmp_path, seed=0, shard_size=5).accounts[1]
    assert (account.rows_in, account.done, account.rows_out) == (8, 4, 4)
    assert (account.dropped, account.failed) == ({"dull": 2}, {"corrupt": 2})
    assert account.adds_up
    dropped = pq.read_table(stage_folder(tmp_path, "work") / "dropped.parquet").to_pylist()
    assert dropped[0] == {"id": "n2", "reason": "dull", "detail": "why", "tokens": 0}
    failed = pq.read_table(stage_folder(tmp_path, "work") / "failed.parquet").to_pylist()
    row = {
        "id": "n3",
        "reason": "corrupt",
        "detail": "bytes",
        "row": '{"id": "n3", "x": 3}',
        "tokens": 0,
        "attempts": 1,
    }
    assert failed[0] == {**row, "traceback": "", "traceback_hash": ""}


def test_a_failing_batch_is_split_until_the_bad_row_is_alone(tmp_path: Path) -> None:
    def refuse_five(row: Row) -> Outcome:
        row["x"] += 100  # what a stage does to its rows must not reach the second attempt
        if row["x"] == 105:
            raise KeyError("no five")
        return [row]

    account = run([numbers(8), each(refuse_five, batch_size=8)], tmp_path, seed=0).accounts[1]
    assert account.failed == {"KeyError": 1}
    assert [row["x"] for row in read_rows(tmp_path, "work")] == [100, 101, 102, 103, 104, 106, 107]
    quarantined = pq.read_table(stage_folder(tmp_path, "work") / "failed.parquet").to_pylist()
    (row,) = quarantined
    assert row["traceback"].splitlines()[-1].endswith("refuse_five")
    assert len(row.pop("traceback_hash")) == 12
    del row["traceback"]
    told = {"reason": "KeyError", "detail": "KeyError: 'no five'", "tokens": 0, "attempts": 1}
    assert row == {"id": "n5", "row": '{"id": "n5", "x": 5}', **told}


def test_the_next_run_works_on_failed_rows_only_and_on_what_comes_of_them(tmp_path: Path) -> None:
    broken, first, second = {2, 7}, list[str](), list[str]()

    def work(row: Row) -> Outcome:
        return Failed("offline") if row["x"] in broken else Dropped("four") if row["x"] == 4 else [row]

    pipeline = [numbers(9), each(work, first, batch_size=2), each(same, second, name="after", batch_size=2)]
    run(pipeline, tmp_path, seed=0, shard_size=3)
    broken.remove(2)
    first.clear(), second.clear()
    run(pipeline, tmp_path, seed=0, shard_size=3)
    assert (first, second) == (["n2", "n7"], ["n2"])
    assert [row["x"] for row in read_rows(tmp_path, "after")] == [0, 1, 2, 3, 5, 6, 8]
    assert status(tmp_path)[1].failed == {"offline": 1}


def test_a_finished_run_is_not_worked_on_again_and_makes_nothing(tmp_path: Path) -> None:
    made: list[str] = []

    def make() -> Callable[[list[Row]], list[Outcome]]:
        made.append("made")
        return lambda rows: [[row] for row in rows]

    for _ in range(2):
        run([numbers(5), Stage(name="work", make=make, batch_size=2)], tmp_path, seed=0, shard_size=2)
    assert made == ["made"]


@pytest.mark.parametrize("change", [{"config": {"t": 2}}, {"version": "2"}])
def test_a_changed_stage_runs_again_with_those_after_it_only(tmp_path: Path, change: dict[str, Any]) -> None:
    seen: dict[str, list[str]] = {"a": [], "b": [], "c": []}

    def pipeline(**changed: Any) -> list[Any]:
        middle = {"name": "b", "config": {"t": 1}, **changed}
        return [
            numbers(2),
            each(same, seen["a"], name="a"),
            each(same, seen["b"], **middle),
            each(same, seen["c"], name="c"),
        ]

    run(pipeline(), tmp_path, seed=0)
    run(pipeline(**change), tmp_path, seed=0)
    assert {name: len(ids) for name, ids in seen.items()} == {"a": 2, "b": 4, "c": 4}
    run(pipeline(**change), tmp_path, seed=1)
    assert {name: len(ids) for name, ids in seen.items()} == {"a": 4, "b": 6, "c": 6}


def test_the_old_output_stays_until_the_new_is_complete(tmp_path: Path) -> None:
    run([numbers(3), each(same)], tmp_path, seed=0)

    def stop(row: Row) -> Outcome:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([numbers(3), each(stop, config={"new": True})], tmp_path, seed=0)
    assert len(list(read_rows(tmp_path, "work"))) == 3
    account = status(tmp_path)[1]
    assert (account.finished, account.rows_in, account.pending, account.adds_up) == (False, 3, 3, True)


def test_added_source_rows_are_the_only_ones_worked_on(tmp_path: Path) -> None:
    seen: list[str] = []
    run([numbers(20), each(same, seen, batch_size=3)], tmp_path, seed=0, shard_size=4, limit=5)
    assert seen == [f"n{i}" for i in range(5)]
    seen.clear()
    run([numbers(8), each(same, seen, batch_size=3)], tmp_path, seed=0, shard_size=3)
    assert sorted(seen) == ["n5", "n6", "n7"]
    assert [row["x"] for row in read_rows(tmp_path, "work")] == list(range(8))


def test_what_an_interrupted_run_finished_is_used_even_when_the_source_grew(tmp_path: Path) -> None:
    seen: list[str] = []

    def interrupt_at_six(row: Row) -> Outcome:
        if row["x"] == 6 and len(seen) < 8:
            raise KeyboardInterrupt
        return [row]

    stage = each(interrupt_at_six, seen, batch_size=1)
    with pytest.raises(KeyboardInterrupt):
        run([numbers(8), stage], tmp_path, seed=0, shard_size=4)
    source = Source(name="numbers", rows=lambda: [{"id": f"n{i}", "x": i} for i in (9, *range(8))])
    seen[:] = ["-"] * 8
    run([source, stage], tmp_path, seed=0, shard_size=4)
    assert seen[8:] == ["n9", "n6", "n7"]
    assert not list(tmp_path.glob("work.*"))


def test_a_repeated_id_is_dropped_and_its_neighbours_are_unharmed(tmp_path: Path) -> None:
    source = Source(name="source", rows=lambda: [{"id": i, "x": n} for n, i in enumerate(["a", "b", "a", "a"])])
    twice = each(lambda row: [row, row] if row["id"] == "b" else [row], name="twice")
    accounts = run([source, twice, each(same)], tmp_path, seed=0, shard_size=2).accounts
    assert [account.dropped for account in accounts] == [{"duplicate_id": 2}, {}, {"duplicate_id": 1}]
    assert [row["x"] for row in read_rows(tmp_path, "work")] == [0, 1]


def test_a_row_without_an_id_is_quarantined_with_a_clear_reason(tmp_path: Path) -> None:
    source = Source(name="source", rows=lambda: [{"id": "a"}, {"name": "b"}, {"id": ""}, {"id": "c"}])
    stage = each(lambda row: [{"text": "x"}] if row["id"] == "c" else [row])
    first, second = run([source, stage], tmp_path, seed=0).accounts
    assert (first.failed, second.failed) == ({"missing_id": 2}, {"missing_id": 1})
    detail = pq.read_table(stage_folder(tmp_path, "source") / "failed.parquet").to_pylist()[0]["detail"]
    assert detail == "row 1: a row needs an 'id' that is a non-empty text; got None in a row with [\"name\"]"


def test_a_value_that_is_not_plain_fails_its_row_only(tmp_path: Path) -> None:
    stage = each(lambda row: [{**row, "image": b"png"}] if row["x"] == 1 else [row], batch_size=3)
    account = run([numbers(3), stage], tmp_path, seed=0).accounts[1]
    assert (account.done, account.failed) == (2, {"not_plain": 1})


def test_the_run_stops_when_too_many_rows_failed_and_goes_on_when_more_are_allowed(tmp_path: Path) -> None:
    seen: list[str] = []
    stage = each(lambda row: Failed("offline", "no answer") if row["x"] % 2 else [row], seen, batch_size=2)
    with pytest.raises(
        TooManyFailed, match=r"stage 'work' stopped: more rows failed .*; the last one: offline: no answer"
    ):
        run([numbers(10), stage], tmp_path, seed=0, max_failed_share=0.2, shard_size=4)
    assert len(seen) == 6
    seen.clear()
    run([numbers(10), stage], tmp_path, seed=0, max_failed_share=0.5, shard_size=4)
    assert sorted(seen) == ["n1", "n3", "n5", "n6", "n7", "n8", "n9"]  # finished ones are not paid for twice


def test_a_stage_that_breaks_its_contract_is_told_so(tmp_path: Path) -> None:
    def broken(outcomes: object) -> list[Any]:
        return [numbers(2), Stage(name="work", make=lambda: lambda rows: outcomes)]  # pyright: ignore

    with pytest.raises(StageError, match="stage 'work' must return one outcome for each of its 2 rows; got 1 outcomes"):
        run(broken([[]]), tmp_path, seed=0)
    with pytest.raises(StageError, match=r"got a dict\. For one row return \[row\]"):
        run(broken([{"id": "a"}, {"id": "b"}]), tmp_path, seed=0)
    with pytest.raises(StageError, match="got a NoneType"):
        run(broken(None), tmp_path, seed=0)


def test_an_error_in_a_whole_input_stage_stops_the_run(tmp_path: Path) -> None:
    def fail(rows: list[Row]) -> list[Outcome]:
        raise ValueError("mixed up")

    with pytest.raises(
        StageError, match="sees all rows at once, so its error is no single row's: ValueError: mixed up"
    ):
        run([numbers(2), Stage(name="mix", make=lambda: fail, whole_input=True)], tmp_path, seed=0)


def test_a_whole_input_stage_sees_all_rows_of_all_its_inputs_in_order(tmp_path: Path) -> None:
    other = Source(name="other", rows=lambda: [{"id": "o"}])
    mix = Stage(
        name="mix",
        make=lambda: lambda rows: [[{**row, "of": len(rows)}] for row in rows],
        whole_input=True,
        inputs=("other", "numbers"),
    )
    run([numbers(5), other, mix], tmp_path, seed=0, shard_size=2)
    assert [(row["id"], row["of"]) for row in read_rows(tmp_path, "mix")] == [
        ("o", 6), ("n0", 6), ("n1", 6), ("n2", 6), ("n3", 6), ("n4", 6)
    ]  # fmt: skip


def test_a_task_resumes_in_its_folder_and_starts_anew_when_its_input_changes(tmp_path: Path) -> None:
    steps: list[int] = []

    def train(context: TaskContext) -> None:
        state = context.folder / "step"
        step = int(state.read_text()) if state.exists() else 0
        for number in range(step, len(list(context.read_rows("numbers")))):
            state.write_text(str(number + 1))
            steps.append(number)
            if len(steps) == 2:
                raise RuntimeError("killed")

    task = Task(name="train", run=train)
    with pytest.raises(RuntimeError):
        run([numbers(4), task], tmp_path, seed=0)
    assert not status(tmp_path)[1].finished
    for _ in range(2):
        run([numbers(4), task], tmp_path, seed=0)
    assert steps == [0, 1, 2, 3]
    assert status(tmp_path)[1].finished
    run([numbers(2), task], tmp_path, seed=0)
    assert steps == [0, 1, 2, 3, 0, 1]


def test_a_stage_after_a_task_runs_again_when_the_task_does(tmp_path: Path) -> None:
    seen: list[str] = []
    for setting in (1, 1, 2):
        task = Task(name="train", run=lambda context: None, config={"lr": setting})
        run([numbers(2), task, each(same, seen, inputs=("numbers", "train"))], tmp_path, seed=0)
    assert seen == ["n0", "n1", "n0", "n1"]


def test_a_stage_uses_nothing_from_before_its_task_learned_from_other_rows(tmp_path: Path) -> None:
    seen: list[str] = []
    other = Source(name="other", rows=lambda: [{"id": "o"}])
    task = Task(name="train", run=lambda context: None, inputs=("numbers",))
    for count in (2, 3):
        run([numbers(count), task, other, each(same, seen, inputs=("other", "train"))], tmp_path, seed=0)
    assert seen == ["o", "o"]


def test_odd_values_and_ids_survive_journal_and_files(tmp_path: Path) -> None:
    odd = {
        "nan": float("nan"),
        "nul": "a\0b",
        "text": "👩‍🚀 שלום \u2028",
        "nested": [{"type": "image"}, {"type": "text", "n": 1}],
    }
    odd |= {"empty": [], "none": None, "dict": {}, "big": 2**70, "mixed": [1, 2.5, "x", None], "lone": "\ud83d"}
    source = Source(name="source", rows=lambda: [{"id": "a/b\n#1 🦆", **odd}, {"id": "plain"}])
    got: list[Row] = []
    run([source, each(lambda row: [got.append(row) or row])], tmp_path, seed=0)
    for rows in (got, list(read_rows(tmp_path, "work"))):
        assert repr(rows) == repr([{"id": "a/b\n#1 🦆", **odd}, {"id": "plain"}])


def test_only_brings_a_step_and_what_it_needs_up_to_date(tmp_path: Path) -> None:
    pipeline = [numbers(2), each(same, name="a"), each(same, name="b", inputs=("numbers",))]
    summary = run(pipeline, tmp_path, seed=0, only=["b"])
    assert [account.finished for account in summary.accounts] == [True, False, True]
    with pytest.raises(
        LedgerError, match=r"has no finished rows of 'a' \(finished: b, numbers\); run the pipeline first"
    ):
        read_rows(tmp_path, "a")


def test_a_second_process_is_refused_by_the_pid_of_the_first(tmp_path: Path) -> None:
    run([numbers(1)], tmp_path, seed=0)
    with (tmp_path / ".lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RunFolderBusy, match=f"is in use by process {os.getpid()} on .*; wait for it"):
            run([numbers(1)], tmp_path, seed=0)


def test_a_schema_gives_types_and_refuses_rows_that_do_not_fit(tmp_path: Path) -> None:
    schema = pa.schema([("x", pa.float32()), ("extra", pa.list_(pa.string()))])
    stage = each(lambda row: [{**row, "x": "no"}] if row["x"] == 1 else [row], schema=schema)
    account = run([numbers(3), stage], tmp_path, seed=0).accounts[1]
    assert account.failed == {"schema": 1}
    table = pq.read_table(stage_folder(tmp_path, "work") / "part-00000.parquet")
    assert table.schema.field("x").type == pa.float32()
    assert list(read_rows(tmp_path, "work"))[1] == {"id": "n2", "x": 2.0, "extra": None}


def test_the_parts_of_a_stage_have_one_schema_for_any_reader(tmp_path: Path) -> None:
    values = [None, [], ["a"], [{"type": "image"}]]
    stage = each(lambda row: [{**row, "v": values[row["x"]], **({"late": 1} if row["x"] == 3 else {})}], batch_size=1)
    run([numbers(4), stage], tmp_path, seed=0, shard_size=1)
    parts = sorted(stage_folder(tmp_path, "work").glob("part-*.parquet"))
    assert all(pq.read_schema(part).equals(pq.read_schema(parts[0])) for part in parts)
    assert pq.ParquetDataset(parts).read().num_rows == 4
    assert [row["v"] for row in read_rows(tmp_path, "work")] == values
    assert ["late" in row for row in read_rows(tmp_path, "work")] == [False, False, False, True]


def test_a_row_is_explained_through_all_stages(tmp_path: Path) -> None:
    fan = each(lambda row: [{"id": f"{row['id']}#{k}", "k": k} for k in range(2)], name="fan")
    judge = each(lambda row: Dropped("wrong", "no") if row["k"] else [row], name="judge")
    run([numbers(3), fan, judge], tmp_path, seed=0)
    assert steps_to_text(explain(tmp_path, "n1")).splitlines() == [
        "numbers  n1  done -> n1",
        "fan      n1  done -> n1#0, n1#1",
        "judge    n1#0  done -> n1#0",
        "judge    n1#1  dropped: wrong (no)",
    ]
    assert [(step.stage, step.id) for step in explain(tmp_path, "n1#1")] == [
        ("numbers", "n1"), ("fan", "n1"), ("judge", "n1#1")
    ]  # fmt: skip
    assert [step.stage for step in explain(tmp_path, "n1#0")] == ["numbers", "fan", "judge"]
    with pytest.raises(LedgerError, match="has a row with the id 'n9'"):
        explain(tmp_path, "n9")


def test_while_a_changed_stage_is_made_again_its_new_outcomes_are_explained_and_counted(tmp_path: Path) -> None:
    run([numbers(2), each(same)], tmp_path, seed=0)

    def halved(row: Row) -> Outcome:
        if row["x"]:
            raise KeyboardInterrupt
        return Dropped("nought")

    with pytest.raises(KeyboardInterrupt):
        run([numbers(2), each(halved, version="2")], tmp_path, seed=0, shard_size=1)
    work = status(tmp_path)[1]
    assert (work.finished, work.done, work.dropped) == (False, 0, {"nought": 1})
    assert [(step.stage, step.state) for step in explain(tmp_path, "n0")] == [("numbers", "done"), ("work", "dropped")]
    assert [step.stage for step in explain(tmp_path, "n1")] == ["numbers"]  # the old outcome does not count any more


def test_a_pipeline_that_makes_no_sense_is_refused_before_any_work(tmp_path: Path) -> None:
    task = Task(name="train", run=lambda context: None)
    endless: dict[str, Any] = {}
    endless["itself"] = endless
    for pipeline, message in [
        ([numbers(1), each(same, name="Bad name")], "a step's name must be lower-case letters"),
        ([numbers(1), numbers(1)], "'numbers' occurs twice"),
        ([numbers(1), each(same, inputs=("later",))], "'work' needs 'later', which does not come before it"),
        ([numbers(1), task, each(same)], "stage 'work' has no rows to work on"),
        ([each(same)], "stage 'work' has no rows to work on"),
        ([numbers(1), each(same, config={"f": same})], "config of 'work' must be plain values"),
        ([numbers(1), each(same, config=endless)], "config of 'work' must be plain values.*contains itself"),
        ([numbers(1), each(same, batch_size=0)], "batch_size of stage 'work' must be at least 1; got 0"),
        ([numbers(1), each(same, samples=0)], "samples of stage 'work' must be at least 1, or None; got 0"),
        ([numbers(1), each(same, workers=0)], "workers of stage 'work' must be at least 1, or None; got 0"),
        ([numbers(1), each(same, num_cpus=-2)], "num_cpus of stage 'work' must be at least 0; got -2"),
        ([numbers(1), each(same, num_gpus=-1)], "num_gpus of stage 'work' must be at least 0, or None; got -1"),
    ]:
        with pytest.raises(PipelineError, match=message):
            run(pipeline, tmp_path / "none", seed=0)
    assert not (tmp_path / "none").exists()


def test_status_of_a_folder_without_a_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"holds no run: there is no run\.json in it"):
        status(tmp_path)
