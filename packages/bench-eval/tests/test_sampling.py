"""A sampler that takes requests, asked as bench-eval asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_eval import Answers, Decoding, Question, evaluate, evaluation_stage, grade_word, sampler_through, score_tasks
from bench_eval.runs.task_results import count_answers
from shard_runner import explain, status


@dataclass(frozen=True)
class Trial:
    text: str
    finish_reason: str = "stop"


@dataclass(frozen=True)
class CountedTrial(Trial):
    tokens: int | None = None


@dataclass(frozen=True)
class Result:
    id: str
    trials: Sequence[Trial] = ()
    error: object | None = None


def question(name: str, **decoding: Any) -> Question:
    asked = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}]
    return Question(id=name, messages=asked, images=(f"{name}.png",), decoding=Decoding(**decoding))


def test_everything_that_is_asked_reaches_the_request() -> None:
    seen: list[dict[str, Any]] = []

    def sample(requests: list[dict[str, Any]]) -> list[Result]:
        seen.extend(requests)
        return [Result(one["id"]) for one in requests]

    drawn = {"n": 3, "temperature": 0.7, "top_p": 0.9, "max_new_tokens": 17, "seed": 5}
    asked = question("a", **drawn)
    sampler_through(sample, dict)([asked])
    assert seen == [{"id": "a", "messages": asked.messages, "images": ("a.png",), **drawn}]


def test_results_become_answers_in_their_order_with_marks_where_they_were_cut_off() -> None:
    results = [
        Result("b", [Trial("a duck"), Trial("a du", finish_reason="length")]),
        Result("a", error="missing: no a.png"),
    ]
    answers = sampler_through(lambda requests: results, dict)([question("b", n=2), question("a", n=2)])
    assert answers == [
        Answers("b", ["a duck", "a du"], ["stop", "length"]),
        Answers("a", error="missing: no a.png"),
    ]


def test_one_that_failed_fails_alone_with_its_reason(tmp_path: Path) -> None:
    def sample(requests: list[dict[str, Any]]) -> list[Result]:
        return [
            Result("a", error="missing: no a.png") if r["id"] == "a" else Result("b", [Trial("duck")]) for r in requests
        ]

    rows = [{"id": name, "messages": question(name).messages, "answer": "duck"} for name in "ab"]
    how = {"model": "m", "grader_name": "word-1"}
    graded = evaluate(rows, lambda: sampler_through(sample, dict), grade_word, tmp_path, **how)
    assert [(row["id"], row["trials"][0]["finish_reason"]) for row in graded] == [("b", "stop")]
    assert {stage.name: stage for stage in status(tmp_path)}["responses"].failed == {"sampler_error": 1}


def test_an_answer_that_was_cut_off_is_saved_as_trials_are_and_counted(tmp_path: Path) -> None:
    def sample(requests: list[dict[str, Any]]) -> list[Result]:
        reasons = {"a": "length", "b": "stop"}
        return [Result(one["id"], [Trial("duck", reasons[one["id"]])]) for one in requests]

    rows = [{"id": name, "messages": question(name).messages, "answer": "duck"} for name in "ab"]
    how = {"model": "m", "grader_name": "word-1"}
    graded = evaluate(rows, lambda: sampler_through(sample, dict), grade_word, tmp_path, **how)
    assert [row["trials"][0]["finish_reason"] for row in graded] == ["length", "stop"]
    assert (score_tasks(graded)[0].n_truncated, count_answers(graded).truncated) == (1, 1)


def test_the_tokens_of_all_trials_are_the_cost_of_a_row_also_of_one_that_failed(tmp_path: Path) -> None:
    trials = {
        "a": [CountedTrial("duck", tokens=3), CountedTrial("du", tokens=128)],
        "b": [CountedTrial("duck", tokens=5), CountedTrial("duck", tokens=None)],  # a server that does not always say
        "c": [Trial("duck"), Trial("duck")],  # a sampler that knows nothing of tokens
        "d": [CountedTrial("duck", tokens=40)],  # one text too few
    }

    def sample(requests: list[dict[str, Any]]) -> list[Result]:
        return [Result(one["id"], trials[one["id"]]) for one in requests]

    rows = [{"id": name, "messages": question(name).messages, "answer": "duck"} for name in trials]
    how: dict[str, Any] = {"model": "m", "grader_name": "word-1", "decoding": Decoding(n=2, temperature=1.0)}
    evaluate(rows, lambda: sampler_through(sample, dict), grade_word, tmp_path, **how)
    accounts = {stage.name: stage for stage in status(tmp_path)}
    assert (accounts["responses"].failed, accounts["responses"].tokens) == ({"wrong_count": 1}, 176)
    assert accounts["grades"].tokens == 0
    assert [explain(tmp_path, name)[1].tokens for name in "abcd"] == [131, 5, 0, 40]
    one = evaluation_stage("e", lambda: sampler_through(sample, dict), grade_word, **how)
    assert [outcome.tokens for outcome in one.make()(rows)] == [131, 5, 0, 40]  # type: ignore[union-attr]
