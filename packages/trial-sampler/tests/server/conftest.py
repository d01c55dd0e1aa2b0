"""A real HTTP server on the loopback that answers chat completions as a script says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from trial_sampler.server import ServerSampler, ServerSettings


def completion(*texts: str, **changes: Any) -> dict[str, Any]:
    """A good answer with one choice for each text."""
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for index, text in enumerate(texts)
    ]
    reply = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}
    return reply | {"usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}} | changes


@dataclass(frozen=True)
class Reply:
    """What the script answers; a string body is sent as it is."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0
    claimed_bytes: int | None = None
    """A Content-Length above the body's own: the connection then ends within the body."""


@dataclass(frozen=True)
class Seen:
    """One call as it arrived."""

    body: dict[str, Any]
    headers: dict[str, str]
    at_s: float
    in_flight: int
    number: int


def echo(seen: Seen) -> Reply:
    """Answer with the model and the seed, once for each choice wanted."""
    return Reply(completion(*[f" {seen.body['model']}/{seen.body['seed']}/{k} " for k in range(seen.body.get("n", 1))]))


class ScriptedServer:
    """Answers as `script` says and keeps what it saw."""

    def __init__(self) -> None:
        self.script: Callable[[Seen], Reply] = echo
        self.models = Reply({"object": "list", "data": []})
        self.seen: list[Seen] = []
        self.released = threading.Event()
        self._in_flight, self._lock = 0, threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(), bind_and_activate=False)
        self._http.request_queue_size, self._http.daemon_threads = 256, True
        self._http.server_bind()
        self._http.server_activate()
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def most_in_flight(self) -> int:
        return max(seen.in_flight for seen in self.seen)

    def close(self) -> None:
        """Let hanging calls go and close the door."""
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def enter(self, body: dict[str, Any], headers: dict[str, str]) -> Seen:
        with self._lock:
            self._in_flight += 1
            self.seen.append(Seen(body, headers, time.monotonic(), self._in_flight, len(self.seen)))
            return self.seen[-1]

    def leave(self) -> None:
        with self._lock:
            self._in_flight -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # header and body are two packets: the second would wait 40 ms

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._send(server.models)

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != "/v1/chat/completions":
                    return self._send(Reply({"detail": "Not Found"}, 404))
                reply = server.script(server.enter(json.loads(raw), dict(self.headers)))
                server.released.wait(reply.after_s)
                server.leave()
                return self._send(reply)

            def _send(self, reply: Reply) -> None:
                text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
                data = text.encode()
                try:
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(reply.claimed_bytes or len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    self.close_connection = True  # the caller gave up
                if reply.claimed_bytes:
                    self.close_connection = True

        return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    scripted = ScriptedServer()
    yield scripted
    scripted.close()


@pytest.fixture
def sampler_of(server: ScriptedServer) -> Callable[..., ServerSampler]:
    """Samplers that wait for milliseconds where users wait for seconds."""

    def make(**settings: Any) -> ServerSampler:
        quick: dict[str, Any] = {"first_backoff_s": 0.002, "request_deadline_s": 5.0, "attempt_deadline_s": 2.0}
        return ServerSampler(server.base_url, "m", settings=ServerSettings(**(quick | settings)))

    return make


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def complete() -> Callable[..., dict[str, Any]]:
    return completion


@pytest.fixture
def ask_text() -> Callable[..., Any]:
    """A request without images."""
    from trial_sampler import Request

    def make(index: int = 0, **changes: Any) -> Request:
        messages = [{"role": "user", "content": f"question {index}"}]
        return Request(**({"id": f"row-{index}", "messages": messages, "n": 1} | changes))

    return make
