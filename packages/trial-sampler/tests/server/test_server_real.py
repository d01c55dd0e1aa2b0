"""A server that is not ours: `transformers serve`, with a tiny random LLaVA.

What it honours is recorded here and told in the README, so that a release which changes it is noticed.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from trial_sampler import ChoiceRequest, load_sampler
from trial_sampler.hf import HfSampler
from trial_sampler.server import ServerSampler, ServerSettings

pytestmark = pytest.mark.slow

# The server draws greedily unless the checkpoint's generation_config, or this one, says otherwise.
DRAWING = {"generation_config": json.dumps({"do_sample": True, "top_k": 0})}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{address}/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the server did not come up: {log.read_text()}")


@pytest.fixture(scope="module")
def served(llava: Any, processor: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A base URL and the served name."""
    for package in ("fastapi", "uvicorn", "openai", "accelerate"):
        pytest.importorskip(package, reason="transformers serve needs it")
    folder = tmp_path_factory.mktemp("served")
    llava.save_pretrained(folder / "model")
    processor.save_pretrained(folder / "model")
    port, log = free_port(), folder / "log.txt"
    command = ["serve", str(folder / "model"), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    quiet = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "NO_PROXY": "127.0.0.1"}
    with pytest.MonkeyPatch.context() as patch, log.open("wb") as output:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.delenv("OPENAI_API_KEY", raising=False)
        process = subprocess.Popen(
            [sys.executable, "-m", "transformers.cli.transformers", *command],
            env=quiet, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}/v1", str(folder / "model")
        finally:
            process.terminate()
            process.wait(20)


def one_at_a_time(served: tuple[str, str], **changes: Any) -> ServerSampler:
    settings: dict[str, Any] = {"start_concurrency": 1, "most_concurrency": 1, "extra_body": DRAWING}
    return ServerSampler(*served, settings=ServerSettings(**(settings | changes)))


def test_greedy_answers_are_those_of_the_model_in_this_process(
    served: tuple[str, str], llava: Any, processor: Any, ask: Any
) -> None:
    requests = [ask(index, temperature=0.0, n=2) for index in range(4)]
    plain = load_sampler(served[1], backend="server", base_url=served[0])
    ours, theirs = HfSampler(llava, processor).sample(requests), plain.sample(requests)
    assert [result.error for result in theirs] == [None] * 4
    for one, other in zip(ours, theirs, strict=True):
        assert [trial.text for trial in one.trials] == [trial.text for trial in other.trials]
        assert [trial.tokens for trial in one.trials] == [trial.tokens for trial in other.trials]
    assert len({result.trials[0].text for result in theirs}) > 1  # the images arrive, and are told apart


def test_seeds_reproduce_one_call_at_a_time(served: tuple[str, str], ask: Any) -> None:
    requests = [ask(0, top_p=1.0), ask(1, top_p=1.0)]
    first, again = (one_at_a_time(served).sample(requests) for _ in range(2))
    assert again == first
    assert all(len({trial.text for trial in result.trials}) == 4 for result in first)
    assert {trial.logprob for result in first for trial in result.trials} == {None}
    (fewer,) = one_at_a_time(served).sample([ask(0, top_p=1.0, n=2, first_trial=1)])
    assert fewer.trials == first[0].trials[1:3]


def test_without_a_generation_config_every_trial_is_greedy(served: tuple[str, str], ask: Any) -> None:
    (drawn,) = one_at_a_time(served, extra_body={}).sample([ask(0)])
    (greedy,) = one_at_a_time(served).sample([ask(0, temperature=0.0, n=1)])
    assert {trial.text for trial in drawn.trials} == {greedy.trials[0].text}


def test_n_is_ignored_and_that_is_told(served: tuple[str, str], ask: Any) -> None:
    (result,) = one_at_a_time(served, trials="n").sample([ask(0)])
    assert str(result.error).startswith("wrong_count: asked the server for 4 choices; got 1")


def test_log_probabilities_are_not_given_and_that_is_told(served: tuple[str, str], ask: Any) -> None:
    request = ask(0)
    (score,) = one_at_a_time(served).score(
        [ChoiceRequest(id="a", messages=request.messages, images=request.images, choices=("word1", "word2"))]
    )
    assert str(score.error).startswith("choices: the server gave no log-probabilities")
    (result,) = one_at_a_time(served, logprobs="raw").sample([request])
    assert [trial.logprob for trial in result.trials] == [None] * 4


def test_another_model_and_unknown_fields_are_refused(served: tuple[str, str], ask: Any) -> None:
    (other,) = ServerSampler(served[0], "another").sample([ask(0)])
    assert other.error.reason == "refused"
    assert "pinned" in other.error.detail
    (extra,) = one_at_a_time(served, extra_body={"top_k": -1}).sample([ask(0)])
    assert str(extra.error) == "refused: 422: Unexpected fields in the request: {'top_k'}"


def test_stop_strings_fail_with_images(served: tuple[str, str], ask: Any) -> None:
    (result,) = one_at_a_time(served, most_retries=1, first_backoff_s=0.01).sample([ask(0, stop=["word1"])])
    assert str(result.error) == "unavailable: 500: Internal Server Error (2 attempts)"
