"""The run up to its code with a model on an OpenAI-compatible server, here a stand-in that listens on loopback."""

import base64
import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from code_caption import json_to_scene
from PIL import Image
from pydantic import ValidationError
from shard_runner import StageAccount, read_rows
from world2code.cli import main
from world2code.settings import W2cSettings

KEY = "sk-never-written"
DOG, CAT = ("dog", (10, 10, 90, 90)), ("cat", (105, 10, 190, 90))


class StandIn:
    """Answers by the words of the question and the gray of the picture; notes every body and key."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.reply: Callable[[str, int], Any] = lambda text, gray: says(text)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._send(200, json.dumps({"object": "list", "data": [{"id": "served"}]}))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                served.asked.append(body)
                served.keys.add(self.headers["Authorization"])
                said = served.reply(text_of(body), gray_of(body))
                if isinstance(said, int):
                    self._send(said, "{}")
                elif said.startswith("{"):
                    self._send(200, said)
                else:
                    choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
                    self._send(200, json.dumps({"choices": [choice]}))

            def _send(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

        return Handler


def text_of(body: dict[str, Any]) -> str:
    return next(part["text"] for part in body["messages"][-1]["content"] if part["type"] == "text")


def gray_of(body: dict[str, Any]) -> int:
    url = next(part["image_url"]["url"] for part in body["messages"][-1]["content"] if part["type"] == "image_url")
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as picture:
        return picture.convert("RGB").getpixel((0, 0))[0]  # type: ignore[index]


def says(text: str) -> str:
    if text.startswith(("Tell", "In one or two")):
        return "A dog and a cat."
    if text.startswith("Look closely"):
        return "No, there is none." if " a cat " in text else "Yes." if "dog" in text else "Hard to say."
    if text.startswith("Which text"):
        return "none"
    return f"The {text.split()[2]} is here."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("trial_sampler.server.exchange.backoff_s", lambda *_: 0.0)
    served = StandIn()
    yield served
    served.close()


@pytest.fixture
def served(
    server: StandIn, made: Callable[..., W2cSettings], draw: Callable[[Any], None]
) -> Callable[..., W2cSettings]:
    """Settings of a run on the server, over three pictures of a dog and a cat."""
    draw({name: [DOG, CAT] for name in ("a.png", "b.png", "c.png")})
    address = {"backend": "server", "base_url": server.base_url, "model": "served", "weights": "tiny"}
    return lambda **changes: made(**(address | changes))


RunUntil = Callable[[W2cSettings, Path, str], dict[str, StageAccount]]


def test_a_served_model_describes_and_judges_in_words(
    server: StandIn, served: Callable[..., W2cSettings], run_until: RunUntil, tmp_path: Path
) -> None:
    accounts = run_until(served(), tmp_path / "run", "render")
    assert accounts["render"].rows_out == 3
    for row in read_rows(tmp_path / "run", "render"):
        scene = json_to_scene(json.loads(row["scene"]))
        assert [(one.name, one.caption) for one in scene.elements] == [("dog", "The dog is here.")]
        assert ("existence", "said_no", "cat") in [(d["rule"], d["reason"], d["what"]) for d in row["drops"]]
    for row in read_rows(tmp_path / "run", "confirm"):
        name, p_yes = row["evidence"]["control"]
        assert name in ("hat", "cup")
        assert p_yes == 0
    assert {body["model"] for body in server.asked} == {"served"}
    assert server.keys == {f"Bearer {KEY}"}
    assert not any("logprobs" in body for body in server.asked)
    checks = [body for body in server.asked if text_of(body).startswith("Look closely")]
    assert {(body["temperature"], body["max_tokens"]) for body in checks} == {(0.0, 8)}


def test_the_key_is_written_nowhere(
    server: StandIn, served: Callable[..., W2cSettings], run_until: RunUntil, tmp_path: Path
) -> None:
    run_until(served(), tmp_path / "run", "export")
    assert server.keys == {f"Bearer {KEY}"}
    written = [path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert len(written) > 20
    assert not any(KEY.encode() in data for data in written)


def test_errors_and_nonsense_of_the_server_fail_questions_or_rows_alone(
    server: StandIn, served: Callable[..., W2cSettings], run_until: RunUntil, tmp_path: Path
) -> None:
    def troubled(text: str, gray: int) -> Any:
        if gray == 40:  # a.png: nothing is ever answered
            return 500
        if gray == 41 and text.startswith("Look closely") and "dog" in text:  # b.png: one question is not
            return '{"choices": "none"}'
        return says(text)

    server.reply = troubled
    accounts = run_until(served(), tmp_path / "run", "render")
    assert all(account.adds_up for account in accounts.values())
    assert accounts["captions"].failed == {"no_caption": 1}
    (first, second) = read_rows(tmp_path / "run", "confirm")
    assert [first["id"], second["id"]] == ["b.png", "c.png"]
    ((key, error),) = first["evidence"]["errors"]
    assert key.startswith("exists/")
    assert error.startswith("bad_reply")
    assert second["evidence"]["errors"] == []
    assert accounts["render"].rows_out == 1
    assert accounts["render"].dropped == {"too_few_elements": 1}

    server.reply = lambda text, gray: says(text)
    server.asked.clear()
    accounts = run_until(served(), tmp_path / "run", "render")
    assert accounts["captions"].failed == {}
    assert {gray_of(body) for body in server.asked} == {40}


def test_a_server_that_is_not_there_is_an_error_of_one_line(tmp_path: Path, served: Any) -> None:
    flags = ["--images", tmp_path / "images", "--model", "served", "--backend", "server", "--weights", "tiny"]
    flags += ["--base-url", "http://127.0.0.1:9/v1", "--out", tmp_path / "run"]
    done = CliRunner().invoke(main, ["captions", *map(str, flags)])
    assert done.exit_code == 1
    assert "127.0.0.1:9" in done.output
    assert len(done.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"backend": "server"}, "backend server needs base_url"),
        ({"base_url": "http://host/v1"}, "base_url belongs to backend server"),
        ({"weights": "w"}, "weights belongs to backend server"),
        ({"backend": "server", "base_url": "http://host/v1", "dtype": "bfloat16"}, "dtype is that of weights"),
        ({"backend": "server", "base_url": f"http://me:{KEY}@host/v1"}, "must hold no user, key or query"),
        ({"backend": "server", "base_url": "host:8000"}, "must be an address"),
    ],
)
def test_settings_of_a_server_that_do_not_go_together_are_refused(given: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        W2cSettings.model_validate(given)
    assert KEY not in str(refused.value)


def test_training_and_evaluation_open_the_weights_in_this_process(small_settings: W2cSettings) -> None:
    address = {"backend": "server", "base_url": "http://127.0.0.1:9/v1", "model": "served", "weights": "tiny"}
    settings = W2cSettings.model_validate(small_settings.model_dump() | address)
    at_hand = settings.with_weights_at_hand()
    assert (at_hand.backend, at_hand.model) == ("hf", small_settings.model)
    assert settings.needed_weights() == small_settings.model
    assert small_settings.with_weights_at_hand() is small_settings
