"""What is asked of a server, and what is read from its answers."""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from trial_sampler import Request, load_sampler, trial_seed
from trial_sampler.server import ServerSampler

LOOK = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}]


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Three pictures of noise."""
    rng = np.random.default_rng(0)
    for index in range(3):
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(tmp_path / f"{index}.png")
    return [tmp_path / f"{index}.png" for index in range(3)]


def urls_of(body: dict[str, Any]) -> list[str]:
    parts = [part for turn in body["messages"] for part in turn["content"] if isinstance(part, dict)]
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


def test_each_trial_is_one_call_with_the_trials_own_seed(server: Any, sampler_of: Any, ask_text: Any) -> None:
    requests = [ask_text(index, n=3, seed=5) for index in range(4)]
    results = sampler_of().sample(requests)
    assert [result.id for result in results] == [request.id for request in requests]
    for request, result in zip(requests, results, strict=True):
        seeds = [trial_seed(5, request.id, k) for k in range(3)]
        assert [trial.seed for trial in result.trials] == seeds
        assert [trial.text for trial in result.trials] == [f"m/{seed}/0" for seed in seeds]
        assert {(trial.finish_reason, trial.tokens, trial.logprob) for trial in result.trials} == {("stop", 3, None)}
    assert len(server.seen) == 12


def test_a_draw_that_starts_later_gives_the_same_trials(sampler_of: Any, ask_text: Any) -> None:
    sampler = sampler_of()
    (whole,), (rest,) = sampler.sample([ask_text(n=6)]), sampler.sample([ask_text(n=2, first_trial=4)])
    assert rest.trials == whole.trials[4:]


def test_n_in_one_call_sends_and_records_the_first_seed(server: Any, sampler_of: Any, ask_text: Any) -> None:
    (result,) = sampler_of(trials="n").sample([ask_text(n=3, first_trial=2)])
    seed = trial_seed(0, "row-0", 2)
    assert [trial.text for trial in result.trials] == [f"m/{seed}/{k}" for k in range(3)]
    assert {(trial.seed, trial.tokens) for trial in result.trials} == {(seed, None)}
    assert [seen.body["n"] for seen in server.seen] == [3]


def test_choices_come_in_the_order_of_their_index(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    body = complete("first", "second", "third")
    body["choices"] = [body["choices"][k] for k in (2, 0, 1)]
    server.script = lambda seen: reply(body)
    (result,) = sampler_of(trials="n").sample([ask_text(n=3)])
    assert [trial.text for trial in result.trials] == ["first", "second", "third"]


@pytest.mark.parametrize("texts", [(), ("a", "b"), ("a", "b", "c", "d")])
def test_a_wrong_number_of_choices_is_an_error(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any, texts: tuple[str, ...]
) -> None:
    server.script = lambda seen: reply(complete(*texts))
    for result in sampler_of(trials="n").sample([ask_text(n=3)]) + sampler_of().sample([ask_text(n=3)]):
        assert result.error is not None
        assert result.error.reason == "wrong_count"
        assert result.trials == ()
    assert "use trials='seeded'" in sampler_of(trials="n").sample([ask_text(n=3)])[0].error.detail


def test_the_body_is_what_the_openai_schema_takes(server: Any, sampler_of: Any, paths: list[Path]) -> None:
    pydantic = pytest.importorskip("pydantic")
    openai_chat = pytest.importorskip("openai.types.chat.completion_create_params")
    request = Request(
        id="a", messages=[{"role": "system", "content": "Be brief."}, *LOOK], images=paths[:1], n=1, temperature=0.7,
        top_p=0.9, max_new_tokens=17, stop=["\n"], seed=3,
    )  # fmt: skip
    sampler_of(logprobs="raw", extra_body={"top_k": -1}).sample([request])
    body = server.seen[0].body
    assert body.pop("top_k") == -1
    known = openai_chat.CompletionCreateParamsNonStreaming
    assert body.keys() <= known.__annotations__.keys()
    pydantic.TypeAdapter(known).validate_python(body)
    assert {name: value for name, value in body.items() if name != "messages"} == {
        "model": "m", "max_tokens": 17, "temperature": 0.7, "top_p": 0.9, "stop": ["\n"], "logprobs": True,
        "seed": trial_seed(3, "a", 0),
    }  # fmt: skip
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert [part["type"] for part in body["messages"][1]["content"]] == ["image_url", "text"]


def test_settings_decide_the_token_field_and_the_seeds_width(server: Any, sampler_of: Any, ask_text: Any) -> None:
    (result,) = sampler_of(max_tokens_field="max_completion_tokens", seed_bits=31).sample([ask_text()])
    body, seed = server.seen[0].body, trial_seed(0, "row-0", 0)
    assert (body["max_completion_tokens"], "max_tokens" in body) == (384, False)
    assert (body["seed"], result.trials[0].seed) == (seed % 2**31, seed)


def test_png_keeps_every_pixel_and_jpeg_is_smaller(server: Any, sampler_of: Any, paths: list[Path]) -> None:
    request = Request(id="a", messages=LOOK, images=paths[:1])
    sampler_of().sample([request])
    sampler_of(image_format="jpeg", jpeg_quality=60).sample([request])
    (png,), (jpeg,) = (urls_of(seen.body) for seen in server.seen)
    assert png.startswith("data:image/png;base64,")
    assert jpeg.startswith("data:image/jpeg;base64,")
    sent = Image.open(io.BytesIO(base64.b64decode(png.partition(",")[2])))
    assert np.array_equal(np.asarray(sent), np.asarray(Image.open(paths[0])))
    assert len(jpeg) < len(png)


@pytest.mark.parametrize("grouped", [True, False])
def test_each_distinct_image_is_encoded_once(
    server: Any, sampler_of: Any, paths: list[Path], monkeypatch: pytest.MonkeyPatch, grouped: bool
) -> None:
    encoded: Counter[str] = Counter()
    save = Image.Image.save
    monkeypatch.setattr(
        Image.Image, "save", lambda image, *args, **keys: (encoded.update("x"), save(image, *args, **keys))[1]
    )
    picture = Image.new("RGB", (8, 8), "red")
    images = [paths[0], paths[1], str(paths[0]), picture, paths[1], picture]
    requests = [Request(id=str(k), messages=LOOK, images=[image], n=3) for k, image in enumerate(images)]
    assert all(result.error is None for result in sampler_of(group_by_image=grouped).sample(requests))
    assert encoded.total() == 3
    assert len(server.seen) == 18
    assert len({urls_of(seen.body)[0] for seen in server.seen}) == 3


def test_requests_of_one_image_are_sent_next_to_one_another(server: Any, sampler_of: Any, paths: list[Path]) -> None:
    images = [paths[k] for k in (0, 1, 2, 0, 1, 2, 0)]
    requests = [Request(id=str(k), messages=LOOK, images=[image], seed=k) for k, image in enumerate(images)]
    one_at_a_time = {"start_concurrency": 1, "most_concurrency": 1}
    grouped = sampler_of(**one_at_a_time).sample(requests)
    by_seed = {trial_seed(k, str(k), 0): k for k in range(7)}
    assert [by_seed[seen.body["seed"]] for seen in server.seen] == [0, 3, 6, 1, 4, 2, 5]
    server.seen.clear()
    assert sampler_of(group_by_image=False, **one_at_a_time).sample(requests) == grouped
    assert [by_seed[seen.body["seed"]] for seen in server.seen] == list(range(7))


def test_a_request_that_cannot_be_asked_fails_alone(server: Any, sampler_of: Any, paths: list[Path]) -> None:
    broken = paths[1].with_name("broken.png")
    broken.write_bytes(b"no picture")
    audio = [{"role": "user", "content": [{"type": "audio"}]}]
    smuggled = [{"role": "user", "content": "<image> Look"}]
    requests = [
        Request(id="good", messages=LOOK, images=paths[:1]),
        Request(id="missing", messages=LOOK, images=["no-such-file.png"]),
        Request(id="broken", messages=LOOK, images=[broken]),
        Request(id="two", messages=LOOK, images=paths[:2]),
        Request(id="audio", messages=audio),
        Request(id="smuggled", messages=smuggled),
        Request(id="malformed", messages=[7]),
        Request(id="good too", messages=LOOK, images=paths[2:]),
    ]
    results = sampler_of(image_tokens=["<image>"]).sample(requests)
    reasons = [None if result.error is None else result.error.reason for result in results]
    expected = [None, "missing", "not_an_image", "image_count", "template", "image_token_in_text", "template", None]
    assert reasons == expected
    assert len(server.seen) == 2


def test_finish_reasons_are_mapped_or_refused(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    def answer(seen: Any) -> Any:
        body = complete("a cat")
        body["choices"][0]["finish_reason"] = seen.body["messages"][0]["content"]
        return reply(body)

    server.script = answer
    words = ["stop", "length", "content_filter", "tool_calls"]
    requests = [ask_text(k, messages=[{"role": "user", "content": word}]) for k, word in enumerate(words)]
    results = sampler_of().sample(requests)
    assert [result.trials[0].finish_reason for result in results[:2]] == ["stop", "length"]
    assert [str(result.error) for result in results[2:]] == [
        "refused: the server's content filter held an answer back",
        "bad_reply: finish_reason must be 'stop' or 'length'; got 'tool_calls'",
    ]


def test_a_truncated_trial_fails_a_request_that_forbids_it(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    body = complete(None)
    body["choices"][0]["finish_reason"] = "length"
    server.script = lambda seen: reply(body)
    allowed, forbidden = sampler_of().sample([ask_text(0), ask_text(1, allow_truncated=False)])
    assert allowed.trials[0].text == ""
    assert forbidden.error.reason == "truncated"


def with_logprobs(body: dict[str, Any], *logprobs: Any) -> dict[str, Any]:
    for choice in body["choices"]:
        choice["logprobs"] = {"content": [{"token": "x", "logprob": logprob} for logprob in logprobs]}
    return body


@pytest.mark.parametrize(
    ("kind", "temperature", "top_p", "logprobs", "expected"),
    [
        ("raw", 0.3, 0.9, (-1.0, -0.5), -1.5),
        ("processed", 1.0, 1.0, (-1.0, -0.5), -1.5),
        ("processed", 0.3, 1.0, (-1.0, -0.5), None),  # the server's figures are of another distribution
        ("processed", 1.0, 0.9, (-1.0, -0.5), None),
        ("off", 1.0, 1.0, (-1.0, -0.5), None),  # given without being asked for: nobody knows what they are
        ("raw", 1.0, 1.0, (-1.0, -9999.0), None),  # the servers' way to write minus infinity
        ("raw", 1.0, 1.0, (-1.0, None), None),
        ("raw", 1.0, 1.0, (), None),
    ],
)
def test_the_log_probability_is_the_models_own_or_none(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any,
    kind: str, temperature: float, top_p: float, logprobs: tuple[Any, ...], expected: float | None,
) -> None:  # fmt: skip
    server.script = lambda seen: reply(with_logprobs(complete("a cat"), *logprobs))
    (result,) = sampler_of(logprobs=kind).sample([ask_text(temperature=temperature, top_p=top_p)])
    assert result.trials[0].logprob == expected


def test_tokens_come_from_usage_else_from_log_probabilities_else_not_at_all(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    server.script = lambda seen: reply(with_logprobs(complete("a", "b"), -1.0, -2.0))
    (result,) = sampler_of(trials="n", logprobs="raw").sample([ask_text(n=2)])
    assert [(trial.tokens, trial.logprob) for trial in result.trials] == [(2, -3.0)] * 2
    server.script = lambda seen: reply(complete("a", usage=None))
    assert sampler_of().sample([ask_text()])[0].trials[0].tokens is None


def test_logits_that_are_not_finite_fail_the_request(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    server.script = lambda seen: reply(json.dumps(with_logprobs(complete("a"), float("nan"))))
    assert sampler_of(logprobs="raw").sample([ask_text()])[0].error.reason == "not_finite"


def test_a_stop_string_that_the_server_leaves_is_cut_off(
    server: Any, sampler_of: Any, ask_text: Any, reply: Any, complete: Any
) -> None:
    texts = iter(["a cat.", "a cat. Or a dog", "a cat"])
    server.script = lambda seen: reply(complete(next(texts)))
    (result,) = sampler_of(start_concurrency=1, most_concurrency=1).sample([ask_text(n=3, stop=["."])])
    # In the second the server went on after the stop string, so that its count says nothing of what is kept.
    assert [(trial.text, trial.tokens) for trial in result.trials] == [("a cat", 3), ("a cat", None), ("a cat", 3)]


def test_an_adapter_is_another_served_name(server: Any, ask_text: Any) -> None:
    base = load_sampler("m", backend="server", base_url=server.base_url, adapters={"tuned": "m-lora"})
    assert isinstance(base, ServerSampler)
    tuned = base.with_adapter("tuned")
    texts = [one.sample([ask_text()])[0].trials[0].text for one in (base, tuned, tuned.with_adapter(None))]
    assert [text.split("/")[0] for text in texts] == ["m", "m-lora", "m"]


def test_no_requests_are_no_results(server: Any, sampler_of: Any) -> None:
    assert sampler_of().sample([]) == []
    assert sampler_of().score([]) == []
    assert server.seen == []
