"""What is known of how answers came about never goes out of step with the answers, whatever stops a run."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench_eval import Answers, BenchEvalError, FileError
from bench_eval.runs import AskedModel, load_answers, run_task, saved_tasks, score_task
from bench_eval.runs.task_records import TaskRecord, begin_record, load_record
from bench_eval.tasks import Task
from bench_eval.tasks.pope import POPE

from .killed_asking import BATCH, ask_pope
from .pope_files import Counted, knows, says_yes, write_pope


class Killed(BaseException):
    """As an interrupt: no row is to blame."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_pope(tmp_path / "data")


def killed_after(calls: int) -> AskedModel:
    """Another model, during whose turn the run ends."""
    left = iter(range(calls))

    def ask(questions: Any) -> list[Answers]:
        if next(left, None) is None:
            raise Killed
        return [Answers(one.id, ["No"]) for one in questions]

    return AskedModel(name="other", identity="other", make_sampler=lambda: ask, batch_size=4)


@pytest.mark.parametrize("calls", [0, 2])
def test_a_run_of_another_model_that_was_killed_leaves_answers_and_name_alone(
    data: Path, tmp_path: Path, calls: int
) -> None:
    run_task(POPE, data, tmp_path / "run", Counted(knows).model("first"))
    before = score_task(POPE, load_answers(tmp_path / "run", "pope"))
    with pytest.raises(Killed):
        run_task(POPE, data, tmp_path / "run", killed_after(calls))
    after = score_task(POPE, load_answers(tmp_path / "run", "pope"))
    assert (after.model, after.tokens, after.counts) == ("first", 48, before.counts)
    assert after.figures == before.figures


def test_a_model_that_does_not_load_leaves_the_earlier_answers_their_name(data: Path, tmp_path: Path) -> None:
    run_task(POPE, data, tmp_path / "run", Counted(knows).model("first"))

    def missing() -> Any:
        raise OSError("no such model")

    with pytest.raises(OSError, match="no such model"):
        run_task(POPE, data, tmp_path / "run", AskedModel(name="typo", identity="typo", make_sampler=missing))
    assert load_answers(tmp_path / "run", "pope").record.model == "first"


def test_answers_that_came_after_the_record_are_not_scored_under_its_name(data: Path, tmp_path: Path) -> None:
    run_task(POPE, data, tmp_path / "run", Counted(knows).model("first"))
    old = (tmp_path / "run" / "pope.task.json").read_bytes()
    run_task(POPE, data, tmp_path / "run", Counted(says_yes).model("second"))
    (tmp_path / "run" / "pope.task.json").write_bytes(old)  # as if killed between the last answer and the record
    with pytest.raises(FileError, match="was stopped while its answers to pope were replaced"):
        load_answers(tmp_path / "run", "pope")
    again = Counted(says_yes)
    run_task(POPE, data, tmp_path / "run", again.model("second"))
    assert (load_answers(tmp_path / "run", "pope").record.model, again.asked) == ("second", [])


def test_a_first_run_that_was_killed_is_named_unfinished(data: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run_task(POPE, data, tmp_path / "run", killed_after(2))
    assert saved_tasks(tmp_path / "run") == ["pope"]
    with pytest.raises(FileError, match="has not finished asking pope; the same command goes on"):
        load_answers(tmp_path / "run", "pope")


def test_a_killed_run_of_sampled_answers_goes_on_to_the_same_bytes_and_repeats_one_batch_at_most(
    data: Path, tmp_path: Path
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for folder in (killed, whole):
        folder.mkdir()
    script = Path(__file__).with_name("killed_asking.py")
    done = subprocess.run([sys.executable, str(script), str(data), str(killed)], capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    before = (killed / "asked").read_text().splitlines()
    assert len(before) == 3
    ask_pope(data, killed)
    after = (killed / "asked").read_text().splitlines()[3:]
    assert after[0] == before[2]  # the batch under way, of which nothing had come
    assert len({row_id for line in [*before, *after[1:]] for row_id in line.split()}) == 24
    assert sum(len(line.split()) for line in [*before, *after]) == 24 + BATCH
    ask_pope(data, whole)
    texts = [
        {row["id"]: [one["text"] for one in row["trials"]] for row in load_answers(folder / "run", "pope").rows}
        for folder in (killed, whole)
    ]
    assert texts[0] == texts[1]
    assert {len(one) for one in texts[0].values()} == {3}
    parts = [sorted((folder / "run" / "pope" / "responses").rglob("*.parquet")) for folder in (killed, whole)]
    assert parts[0]
    assert [path.read_bytes() for path in parts[0]] == [path.read_bytes() for path in parts[1]]


def test_a_smaller_limit_does_not_throw_answers_away(data: Path, tmp_path: Path) -> None:
    model = Counted(knows)
    run_task(POPE, data, tmp_path / "run", model.model())
    with pytest.raises(BenchEvalError, match="was asked all rows of pope; a limit of 5 would throw answers away"):
        run_task(POPE, data, tmp_path / "run", model.model(), limit=5)
    run_task(POPE, data, tmp_path / "run", model.model())
    assert len(model.asked) == 24


def test_a_run_that_is_not_finished_is_kept_from_a_smaller_limit_too(data: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run_task(POPE, data, tmp_path / "run", killed_after(2), limit=20)
    with pytest.raises(BenchEvalError, match="was asked 20 rows of pope"):
        run_task(POPE, data, tmp_path / "run", killed_after(9), limit=5)


def test_a_torn_record_is_named_and_written_again(data: Path, tmp_path: Path) -> None:
    model = Counted(knows)
    run_task(POPE, data, tmp_path / "run", model.model())
    path = tmp_path / "run" / "pope.task.json"
    for torn in ('{"task": "po', "[]", '{"decoding": {"n": 0}}'):
        path.write_text(torn)
        with pytest.raises(FileError, match=r"pope\.task\.json is no record of a task"):
            load_answers(tmp_path / "run", "pope")
    run_task(POPE, data, tmp_path / "run", model.model())
    assert (load_answers(tmp_path / "run", "pope").record.model, len(model.asked)) == ("base", 24)


def test_rows_whose_id_occurs_twice_are_counted_among_those_without_answers(data: Path, tmp_path: Path) -> None:
    def read(folder: Any) -> Any:
        rows = list(POPE.read(folder))
        yield from [*rows, rows[0]]

    task: Task = replace(POPE, read=read)
    run_task(task, data, tmp_path / "run", Counted(knows).model())
    assert score_task(task, load_answers(tmp_path / "run", "pope")).counts.failed == 1


def test_a_record_knows_which_answers_serve_it(tmp_path: Path) -> None:
    record = TaskRecord(task="pope", model="m", identity="m", decoding=POPE.decoding, limit=5)
    begin_record(record, tmp_path)
    other = replace(record, limit=2, decoding=replace(POPE.decoding, max_new_tokens=7))
    begin_record(other, tmp_path)  # nothing is lost that it could use
    assert load_record(tmp_path, "pope") == other
