"""Judging as a stage, with judges that are plain functions."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench_eval import Answers, BenchEvalError, Decoding, Question, RowError
from bench_eval.judges import (
    MM_VET_JUDGE,
    JudgeRule,
    judge_turn,
    judging_stage,
    read_correctness,
    read_correctness_official,
    reply_grader,
    reread_row,
)
from bench_eval.judges.key_redaction import redact_keys, without_keys
from shard_runner import Row, Source, explain, read_rows, run, status

from .killed_judging import judge_five

RULE = JudgeRule(
    name="toy",
    prompt="How right is {answer}? {text}",
    ask=lambda row, text: judge_turn(f"How right is {row['answer']}? {text}"),
    parse=read_correctness,
    decoding=Decoding(max_new_tokens=8),
    published_judge="nobody",
)


class Judge:
    """Replies as a function of the prompt and the try says, and keeps what it was asked."""

    def __init__(self, reply: Callable[[str, Question], str | Answers]) -> None:
        self.reply = reply
        self.asked: list[Question] = []

    def __call__(self, questions: Sequence[Question]) -> list[Answers]:
        self.asked += questions
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> Answers:
        said = self.reply(question.messages[0]["content"][0]["text"], question)
        return replace(said, id=question.id) if isinstance(said, Answers) else Answers(question.id, [said], tokens=2)


def rows_of(*texts: str) -> list[Row]:
    trials = [{"text": text, "finish_reason": "stop"} for text in texts]
    return [{"id": f"r{k}", "task": "toy", "answer": "duck", "trials": [one]} for k, one in enumerate(trials)]


def judge_all(rows: list[Row], sampler: Judge, run_dir: Path, rule: JudgeRule = RULE, **options: Any) -> list[Row]:
    stage = judging_stage("judged", lambda: sampler, rule, **({"judge": "toy-1"} | options))
    run([Source(name="rows", rows=lambda: rows), stage], run_dir, seed=0, progress=False, max_failed_share=1.0)
    return list(read_rows(run_dir, "judged"))


def test_each_trial_gains_the_judge_its_reply_and_the_grade(tmp_path: Path) -> None:
    judge = Judge(lambda prompt, _: "Score: 0.8")
    (row,) = judge_all(rows_of("a bird"), judge, tmp_path)
    assert row["trials"] == [
        {
            "text": "a bird",
            "finish_reason": "stop",
            "judge": "toy-1",
            "judge_reply": "Score: 0.8",
            "judge_tries": 1,
            "answer": "0.8",
            "score": 0.8,
            "reason": "judged",
            "verdict": False,
        }
    ]
    assert judge.asked[0].messages == judge_turn("How right is duck? a bird")
    assert judge.asked[0].images == ()
    assert status(tmp_path)[1].tokens == 2


def test_a_reply_that_cannot_be_read_is_asked_for_again_with_another_seed(tmp_path: Path) -> None:
    judge = Judge(lambda _, question: "hm" if question.decoding.seed < 2 else "0.5")
    (row,) = judge_all(rows_of("a bird"), judge, tmp_path)
    trial = row["trials"][0]
    assert (trial["judge_tries"], trial["judge_reply"], trial["score"]) == (3, "0.5", 0.5)
    assert [(one.decoding.seed, one.decoding.temperature) for one in judge.asked] == [(0, 0.0), (1, 0.5), (2, 0.5)]
    assert status(tmp_path)[1].tokens == 6


def test_what_stays_unreadable_has_no_score_and_its_row_stays(tmp_path: Path) -> None:
    judge = Judge(lambda prompt, _: "hm" if "bird" in prompt else "1.0")
    rows = judge_all(rows_of("a bird", "a duck"), judge, tmp_path)
    bird, duck = (row["trials"][0] for row in rows)
    assert (bird["score"], bird["verdict"], bird["reason"], bird["answer"]) == (None, None, "judge_unreadable", "")
    assert (bird["judge_reply"], bird["judge_tries"]) == ("hm", 3)
    assert (duck["score"], duck["verdict"], duck["judge_tries"]) == (1.0, True, 1)
    assert len(judge.asked) == 4


def test_an_error_fails_the_row_alone_and_the_next_run_asks_again(tmp_path: Path) -> None:
    trouble = {"bird"}
    judge = Judge(lambda prompt, _: Answers("", error="503: busy") if trouble & set(prompt.split()) else "0.3")
    assert [row["id"] for row in judge_all(rows_of("bird", "duck"), judge, tmp_path)] == ["r1"]
    assert status(tmp_path)[1].failed == {"judge_error": 1}
    trouble.clear()
    asked = len(judge.asked)
    assert [row["id"] for row in judge_all(rows_of("bird", "duck"), judge, tmp_path)] == ["r0", "r1"]
    assert len(judge.asked) == asked + 1


def test_what_was_judged_of_a_failed_row_is_not_paid_for_twice(tmp_path: Path) -> None:
    trouble = {"bird"}
    judge = Judge(lambda prompt, _: Answers("", error="503: busy") if trouble & set(prompt.split()) else "0.3")
    row = {"id": "r", "answer": "duck", "trials": [{"text": "duck"}, {"text": "bird"}]}
    options = {"cache": tmp_path / "verdicts.sqlite"}
    assert judge_all([row], judge, tmp_path / "run", **options) == []
    trouble.clear()
    (judged,) = judge_all([row], judge, tmp_path / "run", **options)
    assert [trial["score"] for trial in judged["trials"]] == [0.3, 0.3]
    assert [one.messages[0]["content"][0]["text"][-4:] for one in judge.asked] == ["duck", "bird", "bird"]


def test_two_texts_where_one_was_asked_for_are_an_error(tmp_path: Path) -> None:
    judge_all(rows_of("duck"), Judge(lambda *_: Answers("", ["0.1", "0.2"])), tmp_path)
    assert "asked for 1 text; got 2" in str(explain(tmp_path, "r0"))


def test_the_same_prompt_is_asked_once_in_a_batch_and_once_over_runs(tmp_path: Path) -> None:
    judge = Judge(lambda *_: "0.7")
    cache = tmp_path / "verdicts.sqlite"
    assert len(judge_all(rows_of("a", "a", "b"), judge, tmp_path / "one", cache=cache)) == 3
    assert len(judge.asked) == 2
    again = judge_all(rows_of("a", "b", "c"), judge, tmp_path / "two", cache=cache)
    assert len(judge.asked) == 3
    assert [row["trials"][0]["score"] for row in again] == [0.7] * 3
    judge_all(rows_of("a"), judge, tmp_path / "three", cache=cache, judge="toy-2")
    assert len(judge.asked) == 4


def test_runs_become_trials_with_seeds_of_their_own(tmp_path: Path) -> None:
    judge = Judge(lambda _, question: f"0.{question.decoding.seed // 1000}")
    (row,) = judge_all(rows_of("a"), judge, tmp_path, runs=3)
    assert [(one["judge_run"], one["score"]) for one in row["trials"]] == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert len({question.id for question in judge.asked}) == 3


def test_thoughts_of_the_judged_model_are_not_shown_to_the_judge(tmp_path: Path) -> None:
    judge = Judge(lambda *_: "1.0")
    (row,) = judge_all(rows_of("<think>a goose?</think>a duck"), judge, tmp_path)
    assert judge.asked[0].messages == judge_turn("How right is duck? a duck")
    assert row["trials"][0]["text"] == "<think>a goose?</think>a duck"


@pytest.mark.parametrize("trials", [[], [{"text": None}], [{}]])
def test_a_row_without_text_fails_and_its_neighbour_is_judged(tmp_path: Path, trials: list[Row]) -> None:
    rows = [{"id": "bad", "answer": "x", "trials": trials}, *rows_of("a")]
    assert [row["id"] for row in judge_all(rows, Judge(lambda *_: "1"), tmp_path)] == ["r0"]
    assert status(tmp_path)[1].failed == {"bad_row": 1}


def test_keys_reach_neither_the_ledger_nor_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_API_KEY", "plain-looking-words")
    said = "401: bad key plain-looking-words, also sk-proj-4f5a6b7c8d and Bearer abc.def"
    judge_all(rows_of("a"), Judge(lambda *_: Answers("", error=said)), tmp_path / "answered")

    def raising(questions: Sequence[Question]) -> list[Answers]:
        raise RuntimeError(said)

    stage = judging_stage("judged", lambda: raising, RULE, judge="toy-1")
    rows = Source(name="rows", rows=lambda: rows_of("a"))
    run([rows, stage], tmp_path / "raised", seed=0, progress=False, max_failed_share=1.0)
    assert "401: bad key [key], also [key] and [key]" in str(explain(tmp_path / "answered", "r0"))
    assert "RuntimeError: 401: bad key [key]" in str(explain(tmp_path / "raised", "r0"))
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert not [data for data in files if b"plain-looking" in data or b"4f5a6b" in data or b"abc.def" in data]


def test_errors_without_a_key_pass_as_they_are() -> None:
    with pytest.raises(ConnectionError, match="reset"):
        without_keys(lambda: (_ for _ in ()).throw(ConnectionError("reset")))
    assert redact_keys("no such model: hf-internal-testing/tiny") == "no such model: hf-internal-testing/tiny"
    assert redact_keys("http://me:pass@host/v1?api_key=123456789") == "http://[key]@host/v1?api_key=[key]"


def test_a_judge_that_loses_count_is_a_clear_error(tmp_path: Path) -> None:
    judge_all(rows_of("a"), lambda questions: [], tmp_path)  # type: ignore[arg-type]
    assert "must answer its 1 questions in order; got 0 answers" in str(explain(tmp_path, "r0"))


def test_a_killed_run_goes_on_with_the_same_bytes_and_pays_for_no_kept_reply_twice(tmp_path: Path) -> None:
    log, killed, whole = tmp_path / "asked", tmp_path / "killed", tmp_path / "whole"
    script = Path(__file__).with_name("killed_judging.py")
    done = subprocess.run([sys.executable, str(script), str(log), str(killed)], capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    judge_five(log, killed)
    assert sorted(log.read_text().splitlines()) == [f"How right is duck? text {k}" for k in range(5)]
    judge_five(tmp_path / "other log", whole)
    parts = [sorted((folder / "run" / "judged").rglob("*.parquet")) for folder in (killed, whole)]
    assert parts[0]
    assert [path.read_bytes() for path in parts[0]] == [path.read_bytes() for path in parts[1]]


def test_another_prompt_or_judge_is_judged_again_and_a_finished_run_is_not(tmp_path: Path) -> None:
    judge = Judge(lambda *_: "1")
    counts: list[int] = []
    for rule, options in [
        (RULE, {}),
        (RULE, {}),
        (replace(RULE, prompt="other"), {}),
        (replace(RULE, version="2"), {}),
        (RULE, {"judge": "toy-2"}),
        (replace(RULE, tries=2), {"judge": "toy-2"}),
    ]:
        judge_all(rows_of("a"), judge, tmp_path, rule, **options)
        counts.append(len(judge.asked))
    assert counts == [1, 1, 2, 3, 4, 5]


def test_saved_replies_are_read_again_under_another_profile_without_asking(tmp_path: Path) -> None:
    judge = Judge(lambda prompt, _: "0.4 I think" if "bird" in prompt else "**0.9**")
    judged = judge_all(rows_of("bird", "duck"), judge, tmp_path)
    asked = len(judge.asked)
    official = reply_grader(read_correctness_official)
    again = [reread_row(row, official)["trials"][0] for row in judged]
    assert [(one["score"], one["reason"], one["answer"]) for one in again] == [
        (0.4, "judged", "0.4"),
        (None, "judge_unreadable", ""),
    ]
    assert len(judge.asked) == asked


def test_a_row_that_no_judge_saw_cannot_be_read_again() -> None:
    with pytest.raises(RowError, match="'r0' has a trial without judge_reply; judge it first"):
        reread_row(rows_of("a")[0], reply_grader(read_correctness))


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(BenchEvalError, match=r"1 to 1000 tries and decoding.n = 1; got 0 and 1"):
        replace(RULE, tries=0)
    with pytest.raises(BenchEvalError, match="got 3 and 2"):
        replace(RULE, decoding=Decoding(n=2))
    with pytest.raises(BenchEvalError, match="runs of at least 1"):
        judging_stage("judged", lambda: Judge(lambda *_: "1"), RULE, judge="toy", runs=0)
    with pytest.raises(BenchEvalError, match="a judge's name"):
        judging_stage("judged", lambda: Judge(lambda *_: "1"), RULE, judge="")


def test_the_hash_of_a_prompt_changes_with_it() -> None:
    assert len(MM_VET_JUDGE.prompt_hash) == 12
    assert replace(MM_VET_JUDGE, prompt="other").prompt_hash != MM_VET_JUDGE.prompt_hash
