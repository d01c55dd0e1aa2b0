"""A model that is served: trials come over HTTP, everything else stays in this process."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cvc.cli import main
from cvc.pipeline import build_pipeline, check_needs
from cvc.settings import CvcSettings
from cvc.trials import trials_stage
from pydantic import ValidationError
from shard_runner import Row, read_rows, run, status

SERVED = "guesser-7b"
KEY = "sk-never-written"


class Guesser:
    """Serves chat completions that guess a duck, or a train for every third seed."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def reply(self, asked: dict[str, Any]) -> str:
        return f"Because of {asked['seed']}, it is a {'train' if asked['seed'] % 3 == 0 else 'duck'}."

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        guesser = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._send({"object": "list", "data": [{"id": SERVED}]})

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                guesser.asked.append(asked)
                guesser.keys.add(self.headers["Authorization"])
                text = guesser.reply(asked)
                choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
                self._send({"choices": [choice], "usage": {"completion_tokens": 9}})

            def _send(self, body: Any) -> None:
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler


@pytest.fixture
def guesser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guesser]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    served = Guesser()
    yield served
    served.close()


def served_settings(base: CvcSettings, base_url: str, **changes: Any) -> CvcSettings:
    served = {"backend": "server", "base_url": base_url, "model": SERVED, "dtype": "auto", "device": "cpu"}
    return CvcSettings(**(base.model_dump() | served | {"n": 6} | changes))


def cvc(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_trials_come_from_the_server_and_training_rows_need_no_weights(
    guesser: Guesser, small_settings: CvcSettings, with_instances: Path
) -> None:
    settings = served_settings(small_settings, guesser.base_url)
    run(build_pipeline(settings, with_instances), with_instances, seed=0, only=["export"], progress=False)
    judged = list(read_rows(with_instances, "judge"))
    assert len(guesser.asked) == 6 * len(judged)
    assert {asked["model"] for asked in guesser.asked} == {SERVED}
    for row in judged:
        assert [trial["text"].split()[2] for trial in row["trials"]] == [f"{trial['seed']}," for trial in row["trials"]]
        if row["head"] == "train":
            assert row["right"] == sum("train" in trial["text"] for trial in row["trials"])
    assert any(row["head"] == "train" for row in judged)
    assert any(row["kind"] == "rationale" for row in read_rows(with_instances, "mix"))


def test_an_adaptive_draw_asks_the_server_for_fewer_trials_of_the_same_seeds(
    guesser: Guesser, small_settings: CvcSettings, with_instances: Path
) -> None:
    drawn: list[list[Row]] = []
    for is_adaptive in (False, True):
        settings = served_settings(small_settings, guesser.base_url, n=8, max_right=1, adaptive=is_adaptive)
        run(build_pipeline(settings, with_instances), with_instances, seed=0, only=["mix"], progress=False)
        drawn.append(list(read_rows(with_instances, "judge")))
    whole, part = drawn
    assert len(guesser.asked) == sum(row["drawn"] for row in whole + part)
    assert sum(row["drawn"] for row in part) < sum(row["drawn"] for row in whole)
    for one, other in zip(whole, part, strict=True):
        assert [trial["text"] for trial in other["trials"]] == [
            trial["text"] for trial in one["trials"][: other["drawn"]]
        ]


def test_the_key_comes_from_the_environment_and_reaches_no_file(guesser: Guesser, world: Path, tmp_path: Path) -> None:
    flags = ["--captions", world / "captions.json", "--images", world / "images", "--limit", "3", "--n", "2"]
    flags += ["--annotations", world / "instances.json", "--entities", "blank", "--mlm", "tiny", "--segmenter", "box"]
    flags += ["--backend", "server", "--base-url", guesser.base_url, "--model", SERVED, "--held-out-share", "0"]
    done = cvc("mix", *flags, "--lexicon", world / "lexicon.json", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert guesser.keys == {f"Bearer {KEY}"}
    written = [path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert written
    assert not any(KEY.encode() in data for data in written)


def test_a_served_language_model_names_entities_and_writes_questions(
    guesser: Guesser, small_settings: CvcSettings, world: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nouns = sorted(json.loads((world / "lexicon.json").read_text()))

    def reply(asked: dict[str, Any]) -> str:
        assert asked["temperature"] == 0
        prompt = asked["messages"][-1]["content"]
        if "Gray blocks" in prompt:
            return "Gray blocks hide an object in this image. What is it?"
        caption = prompt.rsplit("Caption:", 1)[-1].split()
        named = [noun for noun in nouns if noun in caption]
        return "1. big red unicorn -> unicorn\n" + "\n".join(f"2. {noun} -> {noun}" for noun in named[:1])

    monkeypatch.setattr(guesser, "reply", reply)
    parts = {"entities": "llm", "questions": "llm", "text_model": SERVED, "causality_filter": False}
    settings = served_settings(small_settings, guesser.base_url, **parts)
    run(build_pipeline(settings, tmp_path), tmp_path, seed=0, only=["question"], progress=False)
    rows = list(read_rows(tmp_path, "question"))
    assert {row["lemma"] for row in rows} <= set(nouns)
    assert Counter(row["written_by"] for row in rows)["llm"] >= 1
    assert {row["llm_refusal"] for row in rows if row["written_by"] == "rules"} <= {"tells", "wrong_number"}
    asked_of_entities = [one for one in guesser.asked if "Gray blocks" not in one["messages"][-1]["content"]]
    assert len(asked_of_entities) == len({row["caption"] for row in read_rows(tmp_path, "images")})
    tokens = {account.name: account.tokens for account in status(tmp_path)}
    assert tokens["entities"] == 9 * len(asked_of_entities)  # as the server says of each


def test_prompts_that_got_no_reply_fail_and_are_asked_again(
    guesser: Guesser, small_settings: CvcSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked_again: list[str] = []

    def reply(asked: dict[str, Any]) -> str:
        asked_again.append(asked["messages"][-1]["content"])
        return "" if len(asked_again) % 5 == 0 else "none"

    monkeypatch.setattr(guesser, "reply", reply)
    settings = served_settings(small_settings, guesser.base_url, entities="llm", text_model=SERVED)
    run(build_pipeline(settings, tmp_path), tmp_path, seed=0, only=["entities"], progress=False)
    [entities] = [account for account in status(tmp_path) if account.name == "entities"]
    unanswered = entities.failed["no_reply"]
    assert unanswered >= 1
    before = len(asked_again)
    run(build_pipeline(settings, tmp_path), tmp_path, seed=0, only=["entities"], progress=False)
    assert len(asked_again) - before == unanswered


def test_training_and_evaluation_open_the_weights_in_this_process(small_settings: CvcSettings, tmp_path: Path) -> None:
    served = served_settings(small_settings, "http://127.0.0.1:9/v1", weights="tiny")
    local = {step.name: step for step in build_pipeline(small_settings, tmp_path)}
    steps = {step.name: step for step in build_pipeline(served.model_copy(update={"n": small_settings.n}), tmp_path)}
    for name in ("train", "answers-before"):
        assert steps[name].config["model"] == local[name].config["model"]
    assert steps["answers-after"].config["backend"] == steps["answers-before"].config["backend"] == "hf"
    assert steps["trials"].config["model"] == SERVED
    assert served.with_weights_at_hand().model == small_settings.model


def test_the_address_decides_nothing_and_the_served_name_does(small_settings: CvcSettings, tmp_path: Path) -> None:
    def config(url: str, **changes: Any) -> object:
        return trials_stage(served_settings(small_settings, url, **changes), tmp_path).config

    assert config("http://one:8000/v1") == config("https://two/v1")
    assert config("http://one:8000/v1") != config("http://one:8000/v1", model="another")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"backend": "server"}, "backend server needs base_url, such as http://127.0.0.1:8000/v1"),
        ({"base_url": "http://host/v1"}, "base_url belongs to backend server; got backend hf"),
        ({"backend": "vllm", "weights": "w"}, "weights belongs to backend server; got backend vllm"),
        (
            {"backend": "server", "base_url": "host:8000"},
            "base_url must be an address such as http://127.0.0.1:8000/v1",
        ),
        ({"backend": "server", "base_url": f"http://me:{KEY}@host/v1"}, "base_url must hold no user, key or query"),
        ({"backend": "server", "base_url": f"http://host/v1?key={KEY}"}, "base_url must hold no user, key or query"),
        (
            {"backend": "server", "base_url": "http://host/v1", "dtype": "bfloat16"},
            "dtype is that of weights in this process, and none are given; got bfloat16",
        ),
        ({"hopeless_after": 8}, "hopeless_after needs adaptive"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(given: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=words):
        CvcSettings(**given)
    flags = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    done = cvc("run", *flags, "--out", tmp_path / "run")
    assert done.exit_code == 2
    assert words in done.output
    assert KEY not in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_a_served_model_may_be_named_by_a_path_of_the_server_s_own(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    given = {"captions": "c.json", "images": "i", "annotations": str(tmp_path / "a.json"), "model": "/models/llava"}
    given |= {"backend": "server", "base_url": "http://127.0.0.1:9/v1", "questions": "llm", "entities": "llm"}
    settings = CvcSettings.model_validate(given)
    check_needs(settings, "export")
    configs = {step.name: step.config for step in build_pipeline(settings, tmp_path)}
    assert configs["trials"]["model"] == configs["question"]["text_model"] == "/models/llava"


def test_a_served_model_cannot_be_trained_and_the_error_says_so_before_any_work() -> None:
    given = {"captions": "c.json", "images": "i", "annotations": "a.json", "model": SERVED}
    settings = CvcSettings.model_validate(given | {"backend": "server", "base_url": "http://127.0.0.1:9/v1"})
    check_needs(settings, "export")
    with pytest.raises(Exception, match="--weights is needed: training and evaluation open the weights themselves"):
        check_needs(settings, "train")
