"""Errors that pass, errors that stay, and memory that runs out."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shard_runner import (
    Dropped,
    Failed,
    Outcome,
    PipelineError,
    Retry,
    Row,
    Source,
    Stage,
    StageError,
    is_transient,
    run,
    stage_folder,
)
from shard_runner.batches import Batch, StageWorker, run_batch
from shard_runner.errors import Stopped
from shard_runner.ledger import read_entries
from shard_runner.retry import is_out_of_memory
from shard_runner.verdicts import Verdict

AT_ONCE = Retry(wait_s=0)
Work = Callable[[list[Row]], list[Outcome]]


def rows(count: int) -> list[Row]:
    return [{"id": f"r{i}", "x": i} for i in range(count)]


def verdicts(work: Work, count: int, retry: Retry = AT_ONCE, **named: Any) -> list[Verdict]:
    worker = StageWorker(Stage(name="work", make=lambda: work, retry=retry, **named))
    return run_batch(worker, Batch(rows(count), lambda: rows(count)))


def files(run_dir: Path) -> dict[str, bytes]:
    folder = stage_folder(run_dir, "work")
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sort_out(given_rows: list[Row]) -> list[Outcome]:
    """Give, drop or fail rows in turn, and change the very dicts that came in."""
    for row in given_rows:
        row["seen"] = row.get("seen", 0) + 1
    return [([row], Dropped("one"), Failed("two"))[row["x"] % 3] for row in given_rows]


def passing(error: Exception, times: int, work: Work = sort_out) -> tuple[Work, list[int]]:
    """Return a function that raises so many times before it works, and the sizes of its calls."""
    calls: list[int] = []

    def wrapped(given_rows: list[Row]) -> list[Outcome]:
        calls.append(len(given_rows))
        outcomes = work(given_rows)
        if len(calls) <= times:
            raise error
        return outcomes

    return wrapped, calls


def test_an_error_that_passes_leaves_no_trace_but_attempts_of_failed_rows(tmp_path: Path) -> None:
    source = Source(name="source", rows=lambda: rows(9))
    flaky, calls = passing(ConnectionError("reset"), 2)
    for name, work in (("calm", sort_out), ("flaky", flaky)):
        stage = Stage(name="work", make=lambda work=work: work, batch_size=9, retry=AT_ONCE)
        run([source, stage], tmp_path / name, seed=0)
    assert calls == [9, 9, 9]
    calm, shaken = files(tmp_path / "calm"), files(tmp_path / "flaky")
    different = {name for name in calm if calm[name] != shaken[name]}
    assert (set(calm), different) == (set(shaken), {"ledger/00000.parquet", "failed.parquet"})
    entries = read_entries(stage_folder(tmp_path / "flaky", "work"), 0)
    assert [entry.attempts for entry in entries] == [1, 1, 3] * 3


def test_what_was_dropped_or_done_at_a_later_attempt_has_the_ledger_of_a_first_one(tmp_path: Path) -> None:
    source = Source(name="source", rows=lambda: [row for row in rows(9) if row["x"] % 3 < 2])
    for name, times in (("calm", 0), ("flaky", 3)):
        work, _ = passing(TimeoutError(), times)
        run([source, Stage(name="work", make=lambda work=work: work, retry=AT_ONCE)], tmp_path / name, seed=0)
    assert files(tmp_path / "calm") == files(tmp_path / "flaky")


def test_a_batch_whose_attempts_are_used_up_is_quarantined_whole_and_not_split() -> None:
    work, calls = passing(ConnectionResetError("by peer"), 99)
    made = verdicts(work, 5, Retry(attempts=3, wait_s=0))
    assert calls == [5, 5, 5]
    assert {verdict[:1] + verdict[2:6] for verdict in made} == {
        ("failed", "ConnectionResetError", "ConnectionResetError: by peer", 0, 3)
    }


def test_a_batch_that_runs_out_of_memory_is_halved_and_so_are_those_after_it() -> None:
    calls: list[int] = []

    def work(given_rows: list[Row]) -> list[Outcome]:
        calls.append(len(given_rows))
        if len(given_rows) > 3:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return [[row] for row in given_rows]

    worker = StageWorker(Stage(name="work", make=lambda: work))
    for _ in range(2):
        made = run_batch(worker, Batch(rows(12), lambda: rows(12)))
        assert [row for verdict in made for row in verdict.rows] == rows(12)
    assert worker.most_rows == 3
    assert calls == [12, 6, 3, 3, 3, 3, 3, 3, 3, 3]


def test_a_row_alone_that_is_too_large_for_the_memory_fails_and_its_neighbours_do_not() -> None:
    def work(given_rows: list[Row]) -> list[Outcome]:
        if any(row["x"] == 2 for row in given_rows):
            raise MemoryError("too large")
        return [[row] for row in given_rows]

    made = verdicts(work, 4)
    assert [(verdict.state, verdict.reason) for verdict in made] == [
        ("done", ""), ("done", ""), ("failed", "MemoryError"), ("done", "")
    ]  # fmt: skip


def test_an_error_that_stays_is_not_tried_again_and_splits_down_to_its_row() -> None:
    calls: list[list[int]] = []

    def work(given_rows: list[Row]) -> list[Outcome]:
        calls.append([row["x"] for row in given_rows])
        if any(row["x"] == 5 for row in given_rows):
            raise ValueError("five")
        return [[row] for row in given_rows]

    made = verdicts(work, 8)
    assert [verdict.state for verdict in made].index("failed") == 5
    assert calls == [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3], [4, 5, 6, 7], [4, 5], [4], [5], [6, 7]]


@given(bad=st.sets(st.integers(0, 15)), size=st.integers(1, 16), limit=st.integers(1, 16))
def test_only_bad_rows_fail_whatever_the_batch_and_the_memory(bad: set[int], size: int, limit: int) -> None:
    def work(given_rows: list[Row]) -> list[Outcome]:
        if len(given_rows) > limit:
            raise MemoryError
        if any(row["x"] in bad for row in given_rows):
            raise KeyError("bad")
        return [[row] for row in given_rows]

    made = verdicts(work, size)
    assert {position for position, verdict in enumerate(made) if verdict.state == "failed"} == bad & set(range(size))
    assert [verdict.rows[0]["x"] for verdict in made if verdict.state == "done"] == sorted(set(range(size)) - bad)


def test_a_whole_input_is_tried_again_but_neither_split_nor_quarantined(tmp_path: Path) -> None:
    work, calls = passing(ConnectionError("reset"), 1)
    source = Source(name="source", rows=lambda: rows(6))
    mix = Stage(name="work", make=lambda: work, whole_input=True, retry=AT_ONCE)
    run([source, mix], tmp_path / "passes", seed=0)
    assert calls == [6, 6]
    work, calls = passing(ConnectionError("reset"), 99)
    with pytest.raises(StageError, match="no single row's: ConnectionError: reset"):
        run([source, mix], tmp_path / "stays", seed=0)
    assert calls == [6] * 4


def test_an_error_while_the_function_is_made_is_no_row_s_fault(tmp_path: Path) -> None:
    def make() -> Work:
        raise ConnectionError("the model can't be fetched")

    with pytest.raises(ConnectionError, match="can't be fetched"):
        run([Source(name="source", rows=lambda: rows(2)), Stage(name="work", make=make)], tmp_path, seed=0)


def test_a_stage_says_itself_which_errors_pass() -> None:
    work, calls = passing(KeyError("busy"), 1)
    assert verdicts(work, 3, Retry(wait_s=0, transient=lambda error: isinstance(error, KeyError)))[0].state == "done"
    assert calls == [3, 3]


def named(name: str, base: type[Exception] = Exception, **attributes: Any) -> Exception:
    return type(name, (base,), attributes)("text")


class _Response:
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (ConnectionRefusedError(), True),
        (BrokenPipeError(), True),
        (TimeoutError(), True),
        (named("ConnectTimeout", type(named("TimeoutException"))), True),  # httpx: found by its base
        (named("ReadError"), True),
        (named("RemoteProtocolError"), True),
        (named("ConnectionError", OSError), True),  # requests has its own
        (named("ReadTimeout", type(named("Timeout"))), True),
        (named("APIConnectionError"), True),  # openai
        (named("APITimeoutError", type(named("APIConnectionError"))), True),
        (named("RateLimitError", status_code=429), True),
        (named("InternalServerError", status_code=503), True),
        (named("BadRequestError", status_code=400), False),
        (named("AuthenticationError", status_code=401), False),
        (named("HTTPStatusError", response=_Response(502)), True),
        (named("HTTPStatusError", response=_Response(404)), False),
        (named("HTTPError", response=None), False),
        (named("ConnectError", status_code=404), False),  # the server's answer says more than the name
        (named("ServerDisconnectedError"), True),  # aiohttp
        (ValueError("Connection reset"), False),  # not by its text
        (OSError(28, "No space left on device"), False),
        (MemoryError(), False),
    ],
)
def test_errors_that_pass_are_known_by_class_and_status(error: Exception, passes: bool) -> None:
    assert is_transient(error) is passes


@pytest.mark.parametrize(
    ("error", "means_it"),
    [
        (MemoryError(), True),
        (named("OutOfMemoryError", RuntimeError), True),  # torch.cuda
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_a_full_memory_is_known_by_class_and_text(error: Exception, means_it: bool) -> None:
    assert is_out_of_memory(error) is means_it


def test_waits_double_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda wait_s: now.__setitem__(0, now[0] + wait_s))
    waits: list[float] = []
    for attempt in range(1, 6):
        before = now[0]
        Retry(wait_s=1, most_wait_s=5).wait(attempt, stopping=lambda: False)
        waits.append(round(now[0] - before, 6))
    assert waits == [1, 2, 4, 5, 5]


def test_a_request_to_stop_ends_a_wait_and_the_batch() -> None:
    asked: list[int] = []
    work, calls = passing(ConnectionError("reset"), 99)

    def stopping() -> bool:
        asked.append(1)
        return len(asked) > 2

    worker = StageWorker(Stage(name="work", make=lambda: work, retry=Retry(wait_s=3600)))
    with pytest.raises(Stopped):
        run_batch(worker, Batch(rows(2), lambda: rows(2), stopping))
    assert calls == [2]


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(PipelineError, match="attempts of at least 1 and waits of at least 0 s; got 0, 1"):
        Retry(attempts=0)
    with pytest.raises(PipelineError, match="got 4, -1 and 60"):
        Retry(wait_s=-1)


def test_a_thousand_attempts_are_a_loop_and_no_wait_grows_beyond_its_most() -> None:
    work, calls = passing(ConnectionResetError(), 1500)
    assert verdicts(work, 2, Retry(attempts=2000, wait_s=0))[0].state == "done"
    assert len(calls) == 1501
    Retry(wait_s=1e-9, most_wait_s=0.0).wait(5000, stopping=lambda: False)
    with pytest.raises(PipelineError, match="waits of at least 0 s"):
        Retry(most_wait_s=-1)


def test_a_stop_between_the_attempts_of_one_half_keeps_the_other() -> None:
    """The batch is split for a bad row; its second half waits for a server when the run is stopped."""
    asked: list[list[int]] = []
    request = threading.Event()

    def work(given_rows: list[Row]) -> list[Outcome]:
        asked.append([row["x"] for row in given_rows])
        if len(given_rows) == 8:
            raise ValueError("one of them is bad")
        if given_rows[0]["x"] == 4 and not request.is_set():
            request.set()
            raise ConnectionError("reset")
        return [[row] for row in given_rows]

    worker = StageWorker(Stage(name="work", make=lambda: work, retry=Retry(wait_s=0)))
    with pytest.raises(Stopped) as stopped:
        run_batch(worker, Batch(rows(8), lambda: rows(8), request.is_set))
    assert [row["x"] for verdict in stopped.value.finished for row in verdict.rows] == [0, 1, 2, 3]
    assert asked == [list(range(8)), [0, 1, 2, 3], [4, 5, 6, 7]]
