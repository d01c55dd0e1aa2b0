"""Sample logs of lmms-eval: read back, graded again by any profile, compared."""

import json
from pathlib import Path
from typing import Any

import pytest
from bench_eval import FileError, PairingError, RowError
from bench_eval.lmms_logs import LmmsLog, attach_log, read_lmms_log, score_by_metric
from bench_eval.runs import compare_runs, grade_answers, keep_answers, load_answers, run_task, score_task
from bench_eval.tasks import DataFolder
from bench_eval.tasks.pope import POPE

from .pope_files import Counted, says_yes, write_pope

NAME = "20260101_120000_samples_pope.jsonl"


def record(doc_id: int, text: str, target: str, **more: Any) -> dict[str, Any]:
    """As save_results_samples of lmms-eval writes it: `resps` is dropped where the filter changed nothing."""
    return {"doc_id": doc_id, "doc_hash": "0", "target": target, "filtered_resps": [text], "input": "…", **more}


def write(folder: Path, records: list[dict[str, Any]], name: str = NAME) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    return list(POPE.read(DataFolder(write_pope(tmp_path / "data"), tmp_path / "pictures")))


def test_a_log_is_graded_again_under_other_rules(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    log = read_lmms_log(write(tmp_path, [record(k, "Yes.", row["answer"]) for k, row in enumerate(rows)]))
    assert log.task == "pope"
    answered = attach_log(log, rows)
    right = {
        name: sum(row["trials"][0]["score"] for row in grade_answers(answered, POPE, POPE.profile(name)))
        for name in ("official", "lmms-eval")
    }
    assert right == {"official": 12, "lmms-eval": 0}


def test_rows_of_a_log_have_the_prompts_that_were_put(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    log = read_lmms_log(
        write(tmp_path, [record(0, "yes", "yes", input="Is there one?"), record(1, "no", "no", input=3)])
    )
    first, second = attach_log(log, rows)
    assert first["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Is there one?"}]}]
    assert second["messages"] == rows[1]["messages"]


def test_a_log_becomes_a_run_that_is_compared_with_its_like_alone(tmp_path: Path) -> None:
    data = write_pope(tmp_path / "data")
    own = list(POPE.read(DataFolder(data, tmp_path / "pictures")))
    log = read_lmms_log(write(tmp_path, [record(k, "Yes.", row["answer"]) for k, row in enumerate(own)]))
    for run in ("one", "other"):
        keep_answers(POPE, attach_log(log, own), tmp_path / run, model=run, harness="lmms-eval")
    result = score_task(POPE, load_answers(tmp_path / "one", "pope"))
    assert (result.harness, result.counts.rows, result.figures[1].value) == ("lmms-eval", 24, 0.5)
    assert compare_runs(tmp_path / "one", tmp_path / "other", {"pope": POPE}).tasks[0].headline.difference == 0
    run_task(POPE, data, tmp_path / "ours", Counted(says_yes).model())
    with pytest.raises(PairingError, match="need the same harness; got bench-eval and lmms-eval"):
        compare_runs(tmp_path / "ours", tmp_path / "one", {"pope": POPE})
    with pytest.raises(RowError, match="no answers to pope to keep"):
        keep_answers(POPE, [], tmp_path / "none", model="m", harness="lmms-eval")


def test_what_the_model_wrote_goes_before_what_was_filtered(tmp_path: Path) -> None:
    log = read_lmms_log(write(tmp_path, [record(1, "b", "B", resps=[["(B) a dog"]]), record(0, "a", "A")]))
    assert [row["trials"][0]["text"] for row in log.rows] == ["a", "(B) a dog"]


def test_repeats_become_trials(tmp_path: Path) -> None:
    log = read_lmms_log(write(tmp_path, [record(0, "", "A", resps=[["A", "B"]])]))
    assert [trial["text"] for trial in log.rows[0]["trials"]] == ["A", "B"]


def test_the_older_json_file_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "samples_pope.json"
    path.write_text(json.dumps({"args": {}, "logs": [{"doc_id": 0, "target": "yes", "resps": [["Yes"]]}]}))
    assert read_lmms_log(path).rows[0]["trials"][0]["text"] == "Yes"


def test_two_logs_are_compared_by_their_own_numbers(tmp_path: Path) -> None:
    log = read_lmms_log(write(tmp_path, [record(k, "x", "y", exact_match=k, mme_score={"score": 1.0}) for k in (0, 1)]))
    assert [row["trials"][0]["score"] for row in score_by_metric(log, "exact_match")] == [0.0, 1.0]
    assert [row["trials"][0]["score"] for row in score_by_metric(log, "mme_score")] == [1.0, 1.0]
    with pytest.raises(RowError, match=r"doc_id 0: anls must be a number from 0 to 1; got None, of .*exact_match"):
        score_by_metric(log, "anls")


def test_other_data_are_noticed(rows: list[dict[str, Any]]) -> None:
    trials = [{"text": "yes"}]
    with pytest.raises(PairingError, match="doc_id 24 has no row; the task has 24 rows"):
        attach_log(LmmsLog("pope", [{"doc_id": 24, "answer": "yes", "trials": trials}]), rows)
    with pytest.raises(PairingError, match="1 of 1 answers differ"):
        attach_log(LmmsLog("pope", [{"doc_id": 0, "answer": "no", "trials": trials}]), rows)


def test_golds_that_lmms_eval_writes_in_other_words_are_the_same() -> None:
    golds = [("(A)", "A"), (["x", "y"], "['x', 'y']"), (["x", "y"], "x"), ("Yes", "yes")]
    rows = [{"id": str(k), "answer": own} for k, (own, _) in enumerate(golds)]
    log = LmmsLog("t", [{"doc_id": k, "answer": told, "trials": []} for k, (_, told) in enumerate(golds)])
    assert len(attach_log(log, rows)) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"doc_id": 0}\n', "needs doc_id and resps"),
        ('{"doc_id": 0, "filtered_resps": ["a"]}\n' * 2, "doc_id 0 occurs twice"),
        ('{"doc_id": 0, "filt', "line 1"),
    ],
)
def test_broken_logs_are_named(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(text)
    with pytest.raises((FileError, RowError), match=said):
        read_lmms_log(path)
    with pytest.raises(FileError, match=r"its name must end as _samples_TASK\.jsonl"):
        read_lmms_log(tmp_path / "results.json")
