"""A real HTTP server on the loopback that answers chat completions one after the other as a script says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What is sent; a body that is no text is the text of a good completion."""

    text: str = ""
    status: int = 200
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0

    def data(self) -> bytes:
        if self.body is not None:
            return self.body.encode()
        choice = {"index": 0, "message": {"role": "assistant", "content": self.text}, "finish_reason": "stop"}
        return json.dumps({"choices": [choice], "usage": {"completion_tokens": 3}}).encode()


class ScriptedEndpoint:
    """Sends the replies in order, then the last one for ever, and keeps the calls."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [Reply("1.0")]
        self.calls: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.released = threading.Event()
        self._lock = threading.Lock()

    def next(self, call: dict[str, Any], key: str) -> Reply:
        with self._lock:
            self.calls.append(call)
            self.keys.append(key)
            return self.replies[min(len(self.calls), len(self.replies)) - 1]


@contextmanager
def scripted_endpoint() -> Iterator[tuple[ScriptedEndpoint, str]]:
    """Serve on the loopback, and give the script and the address."""
    endpoint = ScriptedEndpoint()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoint))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield endpoint, f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        endpoint.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(endpoint: ScriptedEndpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._send(Reply(body='{"data": []}'))

        def do_POST(self) -> None:
            call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = endpoint.next(call, self.headers.get("Authorization", ""))
            endpoint.released.wait(reply.after_s)
            self._send(reply)

        def _send(self, reply: Reply) -> None:
            data = reply.data()
            try:
                self.send_response(reply.status)
                for name, value in {**reply.headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # the caller gave up

    return Handler
