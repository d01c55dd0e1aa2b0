"""A judge behind an OpenAI-compatible server that misbehaves, asked through trial-sampler."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench_eval import sampler_through
from bench_eval.judges import LLAVA_BENCH_JUDGE, MM_HAL_JUDGE, MM_VET_JUDGE, JudgeRule, judging_stage
from shard_runner import Row, Source, explain, read_rows, run, status
from trial_sampler import Request
from trial_sampler.server import ServerSampler, ServerSettings

from .scripted_endpoint import Reply, ScriptedEndpoint, scripted_endpoint

ROW: Row = {
    "id": "v1_0",
    "question": "What is x?",
    "answer": "-1<AND>-5",
    "image_content": ["Board", "Chalk"],
    "context": "A board with an equation.",
    "trials": [{"text": "x is -1"}],
}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ScriptedEndpoint, str]]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with scripted_endpoint() as pair:
        yield pair


def judge_row(base_url: str, folder: Path, rule: JudgeRule = MM_VET_JUDGE, **changes: Any) -> dict[str, Any] | None:
    """Judge one row; None where it failed."""
    quick = {"first_backoff_s": 0.002, "request_deadline_s": 20.0, "attempt_deadline_s": 10.0, "most_retries": 2}
    settings = ServerSettings(**(quick | changes))
    stage = judging_stage(
        "judged",
        lambda: sampler_through(ServerSampler(base_url, "judge-model", settings=settings).sample, Request),
        rule,
        judge="judge-model",
        cache=folder / "verdicts.sqlite",
    )
    pipeline = [Source(name="rows", rows=lambda: [ROW]), stage]
    run(pipeline, folder / "run", seed=0, progress=False, max_failed_share=1.0)
    rows = list(read_rows(folder / "run", "judged"))
    return rows[0]["trials"][0] if rows else None


def failure(folder: Path) -> str:
    assert status(folder / "run")[1].failed == {"judge_error": 1}
    return str(explain(folder / "run", "v1_0"))


def test_the_prompt_reaches_the_endpoint_as_text_with_the_decoding(served: Any, tmp_path: Path) -> None:
    endpoint, base_url = served
    endpoint.replies = [Reply("0.5")]
    trial = judge_row(base_url, tmp_path)
    assert trial is not None
    assert (trial["score"], trial["judge"], trial["judge_tries"]) == (0.5, "judge-model", 1)
    (call,) = endpoint.calls
    (part,) = call["messages"][0]["content"]
    assert part["text"].endswith('"What is x?" | "-1 <AND> -5" | "x is -1" |')
    assert (call["model"], call["temperature"], call["max_tokens"]) == ("judge-model", 0.0, 128)
    assert status(tmp_path / "run")[1].tokens == 3


@pytest.mark.parametrize(
    ("rule", "replies", "answer"),
    [
        (MM_VET_JUDGE, ["It depends.", "Score: 0.5"], "0.5"),
        (MM_HAL_JUDGE, ["Rating: very good", "Fine.\n**Rating:** 5"], "5"),
        (LLAVA_BENCH_JUDGE, ["Both are good.", "8, 7\nBoth are good."], "8 7"),
    ],
)
def test_an_unreadable_rating_is_asked_for_again_with_another_seed(
    served: Any, tmp_path: Path, rule: JudgeRule, replies: list[str], answer: str
) -> None:
    endpoint, base_url = served
    endpoint.replies = [Reply(text) for text in replies]
    trial = judge_row(base_url, tmp_path, rule)
    assert trial is not None
    assert (trial["answer"], trial["judge_tries"], trial["judge_reply"]) == (answer, 2, replies[1])
    first, second = endpoint.calls
    assert first["messages"] == second["messages"]
    assert first["seed"] != second["seed"]
    assert second["temperature"] == 0.5


def test_a_busy_endpoint_is_waited_for_as_it_asks(served: Any, tmp_path: Path) -> None:
    endpoint, base_url = served
    endpoint.replies = [Reply(status=429, body="{}", headers={"Retry-After": "0.4"}), Reply("0.5")]
    began_s = time.monotonic()
    trial = judge_row(base_url, tmp_path)
    assert trial is not None
    assert (trial["score"], trial["judge_tries"], len(endpoint.calls)) == (0.5, 1, 2)
    assert time.monotonic() - began_s >= 0.4


def test_an_endpoint_that_recovers_costs_no_try(served: Any, tmp_path: Path) -> None:
    endpoint, base_url = served
    endpoint.replies = [Reply(status=500, body="oops"), Reply("0.1", after_s=20.0), Reply("0.5")]
    trial = judge_row(base_url, tmp_path, attempt_deadline_s=1.0)
    assert trial is not None
    assert (trial["score"], trial["judge_tries"], len(endpoint.calls)) == (0.5, 1, 3)


@pytest.mark.parametrize(
    ("reply", "calls", "said"),
    [
        (Reply(status=500, body='{"error": {"message": "out of cards"}}'), 3, "500: out of cards"),
        (Reply(status=429, body="{}", headers={"Retry-After": "60"}), 1, "429"),
        (Reply("1.0", after_s=20.0), 3, "no answer to an attempt within 0.5 s"),
        (Reply(body='{"choices": [{"mess'), 1, "no JSON"),
        (Reply(body='{"choices": []}'), 1, "asked the server for 1 choices; got 0"),
        (Reply(status=400, body='{"detail": "too long"}'), 1, "400: too long"),
    ],
)
def test_an_endpoint_that_stays_broken_fails_the_row_with_its_reason_and_the_next_run_asks_again(
    served: Any, tmp_path: Path, reply: Reply, calls: int, said: str
) -> None:
    endpoint, base_url = served
    endpoint.replies = [reply]
    assert judge_row(base_url, tmp_path, attempt_deadline_s=0.5 if reply.after_s else 10.0) is None
    assert said in failure(tmp_path)
    assert len(endpoint.calls) == calls
    endpoint.replies = [Reply("0.5")]
    trial = judge_row(base_url, tmp_path)
    assert trial is not None
    assert trial["score"] == 0.5


def test_a_good_reply_before_the_trouble_is_not_paid_for_again(served: Any, tmp_path: Path) -> None:
    endpoint, base_url = served
    endpoint.replies = [Reply("hm"), Reply(status=400, body="{}")]
    assert judge_row(base_url, tmp_path) is None
    endpoint.replies = [Reply("0.5")]
    trial = judge_row(base_url, tmp_path)
    assert trial is not None
    assert (trial["judge_tries"], len(endpoint.calls)) == (2, 3)


def test_the_key_goes_to_the_endpoint_and_nowhere_else(
    served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, base_url = served
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789")
    endpoint.replies = [Reply(status=400, body='{"error": "bad: sk-secret-0123456789"}')]
    assert judge_row(base_url, tmp_path) is None
    assert endpoint.keys == ["Bearer sk-secret-0123456789"]
    endpoint.replies = [Reply(status=401, body='{"error": "Incorrect API key provided: sk-secret-0123456789"}')]
    assert judge_row(base_url, tmp_path) is None
    endpoint.replies = [Reply("0.5")]
    assert judge_row(base_url, tmp_path) is not None
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"secret-0123" in path.read_bytes()]
